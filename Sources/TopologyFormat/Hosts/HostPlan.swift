/// A host as a file or the command line describes it: what differs from the defaults.
package struct HostPlan: Sendable, Codable, Hashable {
  package enum Engine: Sendable, Codable, Hashable {
    case ssh(String, options: [String])
    /// The words of a command; no words for another host on this machine.
    case command([String])
    /// As many hosts as an allocation of Slurm has nodes: one of the run's own, or the one around
    /// this process; or a host for each task of an array, when it begins.
    case slurm(SlurmPlan)
  }

  package var name: String
  package var engine: Engine
  package var slots: Int?
  package var program: String?
  /// Whether this program is copied there.
  package var copiesProgram = false
  package var lease: Duration?
  /// How long it may take until it is up.
  package var within: Duration?

  package init(name: String, engine: Engine) {
    self.name = name
    self.engine = engine
  }

  package static let shortestLease: Duration = .seconds(2)

  /// The word that asks for a copy of the program, in place of its path.
  package static let copied = "copied"

  /// Why a text cannot be the program of a host; nil if it can.
  package static func fault(ofProgram text: String) -> String? {
    text == copied || text.hasPrefix("/") && !text.contains("=")
      ? nil : "a program over there is an absolute path without an equals sign, or '\(copied)'."
  }
}

extension HostPlan {
  /// Sets the program's path over there, or that it is to be copied.
  package mutating func set(program text: String) {
    copiesProgram = text == Self.copied
    program = copiesProgram ? nil : text
  }
}

/// What Slurm is asked for; the allocation around this process if it is none of `nodes`, `tasks`
/// and `array`.
package struct SlurmPlan: Sendable, Codable, Hashable {
  /// How many nodes an allocation of the run's own has.
  package var nodes: Int?
  /// How many tasks an array of the run's own has.
  package var tasks: Int?
  /// The number of an array that is there.
  package var array: Int?
  /// With how many tasks of the array the nodes begin.
  package var minimum: Int?
  package var time: Duration?
  package var partition: String?
  /// Further options for `salloc` or `sbatch`.
  package var options: [String] = []

  package init() {}

  /// Why its values do not fit together, and which of them; the destination if there is none.
  struct Fault {
    var key: HostKey?
    var code: Diagnostic.Code
    var message: String
  }

  var fault: Fault? {
    let kinds = [(HostKey.nodes, nodes), (.tasks, tasks), (.array, array)].filter { $1 != nil }
    if kinds.count > 1 {
      return Fault(
        key: kinds[1].0, code: .exclusiveKeys,
        message: "slurm has one of 'nodes', 'tasks' and 'array', not two.")
    }
    let hasWishes = time != nil || partition != nil || !options.isEmpty
    if kinds.isEmpty, hasWishes || minimum != nil {
      return Fault(
        code: .missingKey,
        message: "an allocation has 'nodes', an array of the run's own has 'tasks', and one that "
          + "is there has its number, 'array'; without them it is the allocation around the run."
      )
    }
    if array != nil, hasWishes {
      return Fault(
        key: time != nil ? .time : partition != nil ? .partition : .option, code: .keyOfOtherKind,
        message: "an array that is there has its time, partition and options already.")
    }
    guard let minimum else { return nil }
    if nodes != nil {
      return Fault(
        key: .minimum, code: .keyOfOtherKind,
        message: "an allocation comes as a whole; only an array has 'minimum'.")
    }
    if let tasks, minimum > tasks {
      return Fault(
        key: .minimum, code: .wrongValue,
        message: "of \(tasks) tasks \(tasks) can be there at most.")
    }
    return nil
  }
}

/// A property of a host, with its values.
enum HostKey: String, CaseIterable {
  case name, slots, program, lease, within, option
  // Of Slurm alone.
  case nodes, tasks, array, minimum, time, partition

  /// What other tools call them.
  static let synonyms: [String: String] = [
    "cpu": "slots", "cpus": "slots", "np": "slots", "ncpus": "slots", "max_slots": "slots",
    "max-slots": "slots", "jobs": "slots", "workers": "slots", "path": "program",
    "options": "option", "ssh": "option", "timeout": "within", "ttl": "lease", "alias": "name",
  ]

  /// The largest number of slots, and of nodes of an allocation.
  static let most = 4_096
  /// The largest number of a job of Slurm.
  static let largestJob = 4_294_967_293
  static let longestName = 48

  /// Why a value is refused.
  struct Refusal: Error {
    var code = Diagnostic.Code.wrongValue
    var message: String
  }

  /// Gives a plan a value in the words of a file.
  func set(_ text: String, in plan: inout HostPlan) throws(Refusal) {
    switch self {
    case .name:
      try require(
        Self.isName(text),
        "a host's name has 1 to \(Self.longestName) bytes without control characters and slashes.")
      plan.name = text
    case .slots: plan.slots = try number(text)
    case .program:
      if let fault = HostPlan.fault(ofProgram: text) { throw Refusal(message: fault) }
      plan.set(program: text)
    case .lease:
      let time = Quantity.time(text)
      try require(
        time ?? .zero >= HostPlan.shortestLease, "a lease is a time of 2s or longer, such as 30s.")
      plan.lease = time
    case .within: plan.within = try time(text, such: "30s")
    case .option: try addOption(text, to: &plan)
    case .nodes, .tasks, .array, .minimum, .time, .partition: try setOfSlurm(text, in: &plan)
    }
  }

  private func require(_ isRight: Bool, _ message: String) throws(Refusal) {
    if !isRight { throw Refusal(message: message) }
  }

  private func number(_ text: String) throws(Refusal) -> Int {
    guard let number = Self.number(text) else {
      throw Refusal(message: Self.numberExpected(rawValue))
    }
    return number
  }

  private func time(_ text: String, such example: String) throws(Refusal) -> Duration {
    guard let time = Quantity.time(text), time > .zero else {
      throw Refusal(message: "a time is expected, such as \(example).")
    }
    return time
  }

  private func addOption(_ text: String, to plan: inout HostPlan) throws(Refusal) {
    switch plan.engine {
    case .ssh(let destination, let options):
      let words = try EngineOption.ssh.words(of: text)
      plan.engine = .ssh(destination, options: options + words)
    case .slurm(var slurm):
      slurm.options += try EngineOption.salloc.words(of: text)
      plan.engine = .slurm(slurm)
    case .command:
      throw Refusal(
        code: .keyOfOtherKind,
        message: "only ssh and slurm take options; those of a command are its words.")
    }
  }

  private func setOfSlurm(_ text: String, in plan: inout HostPlan) throws(Refusal) {
    guard case .slurm(var slurm) = plan.engine else {
      throw Refusal(code: .keyOfOtherKind, message: "only slurm has '\(rawValue)'.")
    }
    switch self {
    case .nodes: slurm.nodes = try number(text)
    case .tasks: slurm.tasks = try number(text)
    case .minimum: slurm.minimum = try number(text)
    case .array:
      slurm.array = Int(text)
      try require(
        (1...Self.largestJob).contains(slurm.array ?? 0) && text.first != "+",
        "the number of an array's job is expected, as sbatch prints it.")
    case .time: slurm.time = try time(text, such: "30m")
    default:
      try require(!text.hasPrefix("-"), "a partition is a name.")
      slurm.partition = text
    }
    plan.engine = .slurm(slurm)
  }

  static func number(_ text: String) -> Int? {
    guard let number = Int(text), (1...most).contains(number), text.first != "+" else { return nil }
    return number
  }

  static func numberExpected(_ what: String) -> String {
    "a number of \(what) from 1 to \(most) is expected."
  }

  static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= longestName
      && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
  }
}
