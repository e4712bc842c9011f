internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeTopologyFormat

/// The program of a node that is a command of a file.
struct CommandProgram: NodeProgram {
  let node: NodePlan
  let plan: CommandPlan
  let context: RunContext

  static var spawnsChildren: Bool { false }

  init(node: NodePlan, plan: CommandPlan, context: RunContext) {
    (self.node, self.plan, self.context) = (node, plan, context)
  }

  /// The plan is that of the node, which holds it.
  func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(node)
    try list.encode(context)
  }

  init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    node = try list.decode(NodePlan.self)
    context = try list.decode(RunContext.self)
    guard case .command(let plan) = node.kind else {
      throw DecodingError.dataCorruptedError(
        in: list, debugDescription: "\(node.address) is no command")
    }
    self.plan = plan
  }

  func run(in node: Node) async throws {
    let instance = self.node.instance(named: node.name)
    let maker = CommandMaker(plan: plan, node: self.node, context: context, instance: instance)
    let program = ExternalCommand(
      try maker.command(), upWhen: try maker.readiness(), aliveWhile: try maker.liveness(),
      stoppedBy: try maker.stopCommand(), successCodes: Set(plan.success))
    try await node.keeping(to: self.node.timeLimit) { try await program.run(in: node) }
  }
}

extension Node {
  /// Does the work of a life within the time that the file gives it.
  func keeping<Value: Sendable>(
    to limit: Duration?, _ work: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    guard let limit else { return try await work() }
    do {
      return try await withTimeout(limit, work)
    } catch let error as ProcessTreeError where error.code == .deadlinePassed {
      throw TimeLimitPassed(limit: limit)
    }
  }
}

/// A life took longer than the file allows.
struct TimeLimitPassed: Error, CustomStringConvertible {
  let limit: Duration

  var description: String { "it took longer than its timeLimit of \(Quantity.text(limit))" }
}

extension NodePlan {
  /// The number of the instance with this name, from 1 on.
  func instance(named name: String) -> Int {
    guard instances != nil, name.hasPrefix(self.name + "-") else { return 1 }
    return Int(name.dropFirst(self.name.count + 1)) ?? 1
  }
}

/// Makes the command of one process from its plan.
struct CommandMaker {
  let plan: CommandPlan
  let node: NodePlan
  let context: RunContext
  let instance: Int

  func command() throws -> Command {
    let words = plan.words.map(text)
    var command = Command(
      words[0], Array(words.dropFirst()), environment: try environment(),
      directory: text(plan.directory), limits: plan.limits.map(\.limit), umask: plan.umask,
      credentials: try Accounts.credentials(user: plan.user, group: plan.group),
      standardInput: plan.input.map { .file(text($0)) } ?? .null,
      stopSignal: SignalName.number(of: node.stop.signal))
    switch plan.output {
    case .log, .output: break
    case .null: command.standardOutput = .null
    case .file(let path, let appends):
      command.standardOutput = .file(text(path), appending: appends)
    }
    switch plan.error {
    case .log: break
    case .output: command.standardError = .standardOutput
    case .null: command.standardError = .null
    case .file(let path, let appends):
      command.standardError = .file(text(path), appending: appends)
    }
    return command
  }

  /// The command that stops it.
  func stopCommand() throws -> Command? { try node.stop.command.map(helper) }

  /// A command that stands by the node's own, and is in the same place as that.
  private func helper(_ words: [Scalar]) throws -> Command {
    let words = words.map(text)
    return Command(
      words[0], Array(words.dropFirst()), environment: try environment(),
      directory: text(plan.directory), umask: plan.umask,
      credentials: try Accounts.credentials(user: plan.user, group: plan.group))
  }

  private func text(_ scalar: Scalar) -> String {
    scalar.resolved(instance: instance, run: context.run, scratch: context.scratch)
  }

  // MARK: Environment

  private func environment() throws -> Command.Environment {
    var added: [String: String] = [
      "PTREE_RUN": context.run,
      "PTREE_NODE": node.instances == nil ? node.address : "\(node.address)-\(instance)",
      "PTREE_INSTANCE": String(instance),
      "PTREE_INSTANCES": String(node.instances ?? 1),
      "PTREE_SCRATCH": context.scratch,
    ]
    var removed: Set<String> = []
    for change in plan.environment {
      switch change {
      case .set(let name, let scalar):
        added[name] = text(scalar)
        removed.remove(name)
      case .secretFile(let name, let path):
        added[name] = try Self.secret(in: text(path))
        removed.remove(name)
      case .remove(let name):
        added[name] = nil
        removed.insert(name)
      }
    }
    switch plan.inherited {
    case .all: return .inherit(adding: added, removing: removed)
    case .nothing: return .only(added)
    case .only(let names):
      for name in names where added[name] == nil && !removed.contains(name) {
        if let value = getenv(name) { added[name] = String(cString: value) }
      }
      return .only(added)
    }
  }

  /// The text of a file without the line feed at its end.
  private static func secret(in path: String) throws -> String {
    let text = try SmallFile.text(of: path)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  // MARK: Checks

  /// The check that decides whether it is up.
  func readiness() throws -> ReadinessCheck? {
    try node.readiness.map { try check($0, watchdog: nil) }
  }

  /// The check that decides whether it lives on.
  ///
  /// One that reports by itself does so in the time that so many probes would take.
  func liveness() throws -> ReadinessCheck? {
    try node.liveness.map { try check($0, watchdog: $0.period * max(1, $0.failures)) }
  }

  func check(_ plan: CheckPlan, watchdog: Duration?) throws -> ReadinessCheck {
    try kind(plan.kind, watchdog).timed(
      every: plan.period, timeout: plan.timeout, within: plan.deadline, failures: plan.failures,
      successes: plan.successes, delay: plan.delay)
  }

  private func kind(_ kind: CheckPlan.Kind, _ watchdog: Duration?) throws -> ReadinessCheck {
    switch kind {
    case .command(let words): return .command(try helper(words))
    case .http(let address):
      guard let plan = HTTPPlan(text(address)) else { throw InvalidCheck(text: text(address)) }
      return .http(plan.path, port: plan.port, host: plan.host)
    case .port(let port):
      switch PortPlan(text(port)) {
      case .port(let number, let host): return .port(number, host: host)
      case .socket(let path): return .unixSocket(path)
      case nil: throw InvalidCheck(text: text(port))
      }
    case .line(let pattern): return .line(matching: text(pattern))
    case .file(let path): return .file(absolute(text(path)))
    case .notify: return .notify(watchdog: watchdog)
    }
  }

  private func absolute(_ path: String) -> String {
    Path.absolute(path, from: text(plan.directory))
  }
}

/// A check that turned out to be none once its expressions had values.
struct InvalidCheck: Error, CustomStringConvertible {
  let text: String

  var description: String { "'\(text)' is no port and no address that a check can look at" }
}

extension CommandPlan.Limit {
  var limit: ResourceLimit {
    switch self {
    case .cpuTime(let time): .cpuTime(time)
    case .addressSpace(let size): .addressSpace(size)
    case .openFiles(let count): .openFiles(count)
    case .processes(let count): .processes(count)
    case .fileSize(let size): .fileSize(size)
    case .coreSize(let size): .coreSize(size)
    case .stackSize(let size): .stackSize(size)
    }
  }
}
