import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Channels join nodes on several hosts as they join those of one.
let channelScenarios: [String: Scenario] = [
  "pipes": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let (requests, taken) = root.makePipe(of: [UInt8].self)
      let (given, answers) = root.makePipe(of: [UInt8].self)
      let child = try await root.spawn(PipeEcho(requests: taken, answers: given), on: hosts)
      var received = answers.makeAsyncIterator()
      for size in [0, 1, 1_000, 300_000, 3 << 20] {
        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size)
        try await requests.send(bytes)
        test.expect(try await received.next() == bytes, "\(size) bytes are others")
      }
      requests.finish()
      test.equal(try await received.next(), nil)
      try await child.result
    }
  },

  // Links that need the gates: to a sibling here, to one on the same host, and to another host.
  "pipesOfSiblings": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      for (from, to) in [("b", nil), (nil, "b"), ("b", "b"), ("b", "c")] as [(String?, String?)] {
        let (sender, receiver) = root.makePipe(of: Int.self)
        let summer = try await root.spawn(Summer(receiver: receiver), at: to, of: hosts)
        let producer = try await root.spawn(
          Producer(sender: sender, count: 20_000), at: from, of: hosts)
        try await producer.result
        test.equal(try await summer.result, [20_000, 200_010_000])
      }
    }
  },
]

extension Node {
  /// Starts a child on the host with a name, or here.
  func spawn<Program: NodeProgram>(
    _ program: Program, at host: String?, of hosts: HostPool
  ) async throws -> Child<Program.Output> {
    guard let host else { return try await spawn(program) }
    guard let host = hosts[host] else { throw HostScenarioError() }
    return try await spawn(program, on: host)
  }
}

/// Sends back what it gets.
struct PipeEcho: NodeProgram {
  var requests: Receiver<[UInt8]>
  var answers: Sender<[UInt8]>

  func run(in node: Node) async throws {
    for try await bytes in requests { try await answers.send(bytes) }
  }
}

/// Sends the numbers from one to `count` and finishes.
struct Producer: NodeProgram {
  var sender: Sender<Int>
  var count: Int

  func run(in node: Node) async throws {
    for number in 1...count { try await sender.send(number) }
  }
}

/// Counts and adds up what comes.
struct Summer: NodeProgram {
  var receiver: Receiver<Int>

  func run(in node: Node) async throws -> [Int] {
    var (count, sum) = (0, 0)
    for try await number in receiver {
      count += 1
      sum += number
    }
    return [count, sum]
  }
}
