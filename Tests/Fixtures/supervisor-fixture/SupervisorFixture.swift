import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Runs the scenario of supervisors that the first argument names.
@main
struct SupervisorFixture: ScenarioApp {
  static var scenarios: [String: Scenario] {
    strategyScenarios
      .merging(requestScenarios) { $1 }
      .merging(orderScenarios) { $1 }
      .merging(nestingScenarios) { $1 }
      .merging(scaleScenarios) { $1 }
      .merging(livenessScenarios) { $1 }
      .merging(readinessScenarios) { $1 }
      .merging(addressScenarios) { $1 }
      .merging(drainScenarios.audited) { $1 }
      .merging(drainedRootScenarios) { $1 }
  }
}

/// Runs until it is stopped.
struct Service: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    while true { try await node.sleep(for: .seconds(3_600)) }
  }
}

/// Fails after a time.
struct Flapping: NodeProgram {
  var after = Duration.zero

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await node.sleep(for: after)
    _exit(7)
  }
}

/// Succeeds after a time.
struct Brief: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {}
}

/// Does not listen to anything but SIGKILL.
struct Stubborn: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    while true { sleep(1) }
  }
}

/// Takes its time to stop, longer than any other policy of these scenarios gives it.
struct Leisurely: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    do {
      while true { try await node.sleep(for: .seconds(3_600)) }
    } catch {
      _ = try? await node.offload { usleep(700_000) }
    }
  }
}

/// Is up some time after it runs.
struct SlowlyUp: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await node.sleep(for: .milliseconds(50))
    node.announceUp()
    while true { try await node.sleep(for: .seconds(3_600)) }
  }
}

extension Supervisor {
  /// The process ids of the children by their names.
  var pids: [String: Int32] {
    get async {
      await children.reduce(into: [:]) { $0[$1.name] = $1.pid }
    }
  }

  /// Kills the process of a child as a user with a shell would, and waits for its next life.
  func kill(_ name: String) async throws {
    guard let child = await child(name), let pid = child.pid else { return }
    Glibc.kill(pid, SIGKILL)
    _ = try await eventually {
      let now = await self.child(name)
      return now?.incarnation ?? 0 > child.incarnation
    }
    try await waitUntilUp()
  }
}

extension Node {
  /// What the process holds after a first child and a first timer, which open what stays open.
  func auditOfTheFirst() async throws -> ResourceAudit {
    _ = try await spawn(Brief()).result
    try await Task.sleep(for: .milliseconds(1))
    return await ResourceAudit.atRest()
  }

  /// A supervisor of services.
  func supervising(
    _ names: [String], _ strategy: SupervisionStrategy,
    _ body: @escaping @Sendable (Supervisor) async throws -> Void
  ) async throws {
    try await withSupervisor(
      names.map { ChildSpecification($0, Service()) }, strategy: strategy
    ) { supervisor in
      try await supervisor.waitUntilUp()
      try await body(supervisor)
    }
  }
}
