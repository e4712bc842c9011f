import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Runs the scenario of hosts that the first argument names.
@main
struct HostFixture: ScenarioApp {
  static var scenarios: [String: Scenario] {
    placementScenarios.audited
      .merging(endScenarios.audited) { $1 }
      .merging(lossScenarios.audited) { $1 }
      .merging(lateScenarios.audited) { $1 }
      .merging(randomScenarios.audited) { $1 }
      .merging(supervisedScenarios.audited) { $1 }
      .merging(channelScenarios.audited) { $1 }
      .merging(workScenarios.audited) { $1 }
      .merging(cutScenarios.audited) { $1 }
      .merging(drainScenarios.audited) { $1 }
      .merging(lateHostScenarios.audited) { $1 }
      .merging(arrayScenarios.audited) { $1 }
      .merging(copyScenarios.audited) { $1 }
      .merging(manyCutsScenarios) { $1 }
      .merging(refusalScenarios) { $1 }
      .merging(heldScenarios) { $1 }
      .merging(sshScenarios) { $1 }
      .merging(slurmScenarios) { $1 }
  }
}

/// Another host on this machine: the engine is a program that runs what it is given.
func here(_ name: String, slots: Int = 1) -> Host {
  .command(["env"], name: name, slots: slots)
}

struct Square: NodeProgram {
  var number: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Int { number * number }
}

/// The identity of a node, as it sees itself.
struct Who: Codable, Sendable, Equatable {
  var name: String
  var host: String?
  var pid: Int32
  var parent: Int32
}

/// Reports its identity, and that of a child of its own.
struct Family: NodeProgram {
  func run(in node: Node) async throws -> [Who] {
    let child = try await node.spawn(Member())
    return [Who(node), try await child.result]
  }
}

struct Member: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Who { Who(node) }
}

extension Who {
  init(_ node: Node) {
    self.init(name: node.name, host: node.host, pid: node.pid, parent: getppid())
  }
}

/// Sends back each message, doubled, until 0 comes.
struct Echo: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Int {
    var count = 0
    guard let parent = node.parent else { return -1 }
    for try await number in try await parent.messages(of: Int.self) {
      guard number > 0 else { break }
      try await parent.send(number * 2)
      count += 1
    }
    return count
  }
}

/// Returns bytes, of which it was given the value.
struct Large: NodeProgram {
  var given: [UInt8]
  var count: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> [UInt8] {
    [UInt8](repeating: given.first ?? 0, count: count)
  }
}

/// Ends in the way that its argument asks for.
struct Ending: NodeProgram {
  var way: String

  func run(in node: Node) async throws {
    switch way {
    case "throw": throw HostScenarioError()
    case "exit": node.exit(7)
    case "trap": fatalError("on purpose")
    case "kill": kill(getpid(), SIGKILL)
    case "ignore": while true { sleep(1) }
    default: while true { try await node.sleep(for: .seconds(3_600)) }
    }
  }
}

struct HostScenarioError: Error, CustomStringConvertible {
  var description: String { "thrown on purpose" }
}

/// Has a child, and a program that has left its session and its parent; then runs until it is
/// stopped.
struct Household: NodeProgram {
  var file: String

  func run(in node: Node) async throws {
    _ = try await node.spawn(Ending(way: "sleep"))
    // Not as a command of the node, which would end it.
    _ = system("setsid sleep 1000 >/dev/null 2>&1 & echo $! > \(file)")
    node.announceUp()
    while true { try await node.sleep(for: .seconds(3_600)) }
  }
}

/// Writes lines to both streams.
struct Talker: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    print("out of \(node.host ?? "nowhere")")
    let line = "err of \(node.host ?? "nowhere")\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
  }
}
