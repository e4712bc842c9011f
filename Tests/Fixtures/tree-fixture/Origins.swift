import Glibc
import ProcessTree
import ProcessTreeScenarios

/// The state that the starter of a run hands on to it.
let originScenarios: [String: Scenario] = [
  // The root is started with SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCHLD and SIGPIPE
  // ignored.
  "ignoredSignals": { root, test in
    let seen = try await seenAtEveryDepth(from: root)
    test.equal(seen.count, 3)
    for (depth, seen) in seen.enumerated() {
      for signal in [SIGHUP, SIGINT] { test.equal(seen.node[signal], .ignored) }
      // Below the root it is a step of the tree's own stops.
      test.equal(seen.node[SIGTERM], depth == 0 ? .ignored : .caught)
      test.equal(seen.node[SIGTSTP], .ignored)
      // Else the status of every command would be lost.
      test.equal(seen.node[SIGCHLD], .byDefault)
      test.equal(seen.command.ignored, [SIGHUP, SIGINT, SIGQUIT])
    }
    // All of them hear nothing.
    let sleeper = try await root.spawn(Sleeper())
    for pid in [getpid(), sleeper.pid ?? 0] {
      for signal in [SIGHUP, SIGINT] { kill(pid, signal) }
    }
    kill(getpid(), SIGTERM)
    test.equal(try await root.spawn(Square(number: 5)).result, 25)
    test.expect(root.stopRequest == nil && sleeper.isAlive)
    // What the tree itself sends is heard all the same.
    sleeper.terminate()
    test.equal(try await sleeper.join(), .signaled(SIGTERM, coreDumped: false))
  },
  "heardSignals": { root, test in
    for seen in try await seenAtEveryDepth(from: root) {
      for signal in [SIGHUP, SIGINT, SIGTERM] { test.equal(seen.node[signal], .caught) }
      test.equal(seen.command.ignored, [])
    }
  },
]

/// What a process does with signals, by /proc/PID/status.
struct SignalActions: Codable, Equatable {
  enum Action: String, Codable { case ignored, caught, byDefault }

  private var ignoredBits: UInt64
  private var caughtBits: UInt64

  init(status: String) {
    func bits(_ name: String) -> UInt64 {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
      return line.flatMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) } ?? 0
    }
    ignoredBits = bits("SigIgn")
    caughtBits = bits("SigCgt")
  }

  var ignored: [Int32] { (1...31).filter { self[$0] == .ignored } }

  subscript(_ signal: Int32) -> Action {
    let bit = UInt64(1) << UInt64(signal - 1)
    return ignoredBits & bit != 0 ? .ignored : caughtBits & bit != 0 ? .caught : .byDefault
  }
}

/// What a node and a command of its own see.
struct SeenSignals: Codable {
  var node: SignalActions
  var command: SignalActions

  init(in node: Node) async throws {
    self.node = SignalActions(status: contents(of: "/proc/self/status"))
    let output = try await node.run(Command("cat", ["/proc/self/status"]))
    command = SignalActions(status: String(decoding: output, as: UTF8.self))
  }
}

/// A chain of nodes, each of which reports what it and those below it see.
struct SignalWitness: NodeProgram {
  var depth: Int

  func run(in node: Node) async throws -> [SeenSignals] {
    let below = depth > 1 ? try await node.spawn(SignalWitness(depth: depth - 1)).result : []
    return [try await SeenSignals(in: node)] + below
  }
}

private func seenAtEveryDepth(from root: Node) async throws -> [SeenSignals] {
  [try await SeenSignals(in: root)] + (try await root.spawn(SignalWitness(depth: 2)).result)
}

private func contents(of path: String) -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  defer { close(descriptor) }
  var buffer = [UInt8](repeating: 0, count: 16 << 10)
  let length = max(0, read(descriptor, &buffer, buffer.count))
  return String(decoding: buffer[..<length], as: UTF8.self)
}
