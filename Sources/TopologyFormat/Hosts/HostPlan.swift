/// A host as a file or the command line describes it: what differs from the defaults.
package struct HostPlan: Sendable, Codable, Hashable {
  package enum Engine: Sendable, Codable, Hashable {
    case ssh(String, options: [String])
    /// The words of a command; no words for another host on this machine.
    case command([String])
    /// As many hosts as an allocation of Slurm has nodes; an allocation of one's own, or the one around
    /// this process.
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
  /// Says where the program is over there, or that it is to be copied.
  package mutating func set(program text: String) {
    copiesProgram = text == Self.copied
    program = copiesProgram ? nil : text
  }
}

/// What an allocation of Slurm is to have; the one around this process if it has no number of nodes.
package struct SlurmPlan: Sendable, Codable, Hashable {
  package var nodes: Int?
  package var time: Duration?
  package var partition: String?
  /// Further options for `salloc`.
  package var options: [String] = []

  package init() {}
}

/// What can be said of a host, and by which values.
enum HostKey: String, CaseIterable {
  case name, slots, program, lease, within, option
  // Of Slurm alone.
  case nodes, time, partition

  static let ofSlurm: Set<Self> = [.nodes, .time, .partition]

  /// What other tools call them.
  static let synonyms: [String: String] = [
    "cpu": "slots", "cpus": "slots", "np": "slots", "ncpus": "slots", "max_slots": "slots",
    "max-slots": "slots", "jobs": "slots", "workers": "slots", "path": "program",
    "options": "option", "ssh": "option", "timeout": "within", "ttl": "lease", "alias": "name",
  ]

  /// The largest number of slots, and of nodes of an allocation.
  static let most = 4_096
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
    case .nodes, .time, .partition: try setOfSlurm(text, in: &plan)
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
