import Pipelines
import Pools
import ProcessTree
import ProcessTreeTestSettings
import ProcessTreeTesting
import Testing

struct Square: NodeProgram {
  var number: Int
  func run(in node: Node) async throws -> Int { number * number }
}

/// Starts children down to a depth, and returns how many nodes there were.
struct Branch: NodeProgram {
  var depth: Int
  func run(in node: Node) async throws -> Int {
    guard depth > 0 else { return 1 }
    return try await node.withChildren(of: Int.self, limit: 2) { group in
      for _ in 0..<2 { try await group.spawn(Branch(depth: depth - 1)) }
      return try await group.reduce(1, +)
    }
  }
}

struct Fail: NodeProgram {
  struct Reason: Error {}
  func run(in node: Node) async throws -> Int { throw Reason() }
}

struct Leave: NodeProgram {
  var code: Int32
  func run(in node: Node) async throws { node.exit(code) }
}

struct Rest: NodeProgram {
  func run(in node: Node) async throws { try await node.sleep(for: .seconds(3_600)) }
}

/// Does not listen to the request to stop.
struct Deaf: NodeProgram {
  func run(in node: Node) async throws {
    // In a task of its own, which is not cancelled with the program's.
    for _ in 0..<100 { try? await Task { try await node.sleep(for: .seconds(1)) }.value }
  }
}

struct Double: NodeProgram {
  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    for try await number in try await parent.messages(of: Int.self) {
      try await parent.send(2 * number)
    }
  }
}

struct Consume: NodeProgram {
  var numbers: Receiver<Int>
  func run(in node: Node) async throws -> Int {
    var sum = 0
    for try await number in numbers { sum += number }
    return sum
  }
}

@Suite("A tree within the test's own process")
struct TestTreeTests {
  @Test func aChildReturnsItsResult() async throws {
    let result = try await withTestTree { root in
      let child = try await root.spawn(Square(number: 12))
      #expect(child.name == "Process-1")
      return try await child.result
    }
    #expect(result == 144)
  }

  @Test func childrenHaveChildren() async throws {
    let count = try await withTestTree { try await $0.spawn(Branch(depth: 5)).result }
    #expect(count == 63)
  }

  @Test func anErrorArrivesWithItsType() async throws {
    try await withTestTree { root in
      let child = try await root.spawn(Fail())
      await #expect(throws: RemoteFailure.self) { try await child.result }
      #expect(child.exitCode == 1)
    }
  }

  @Test func anExitCodeArrives() async throws {
    try await withTestTree { root in
      let child = try await root.spawn(Leave(code: 7))
      #expect(try await child.join() == .exited(7))
      #expect(child.exitReport?.cause == .exited(code: 7))
    }
  }

  @Test func whoIsKilledIsReportedAsKilled() async throws {
    try await withTestTree { root in
      let child = try await root.spawn(Rest())
      child.kill()
      #expect(try await child.join() == .signaled(9, coreDumped: false))
      #expect(root.children.isEmpty)
    }
  }

  @Test func virtualTimePassesAtOnce() async throws {
    let start = ContinuousClock.now
    try await withTestTree(clock: .virtual) { root in
      let child = try await root.spawn(Deaf())
      // Five seconds for the request, two for SIGTERM, which ends it in this process.
      _ = try await child.stop()
      #expect(child.exitCode != 0)
      try await root.sleep(for: .seconds(36_000))
    }
    #expect(ContinuousClock.now - start < .seconds(60).scaled)
  }

  @Test func messagesGoBothWays() async throws {
    try await withTestTree { root in
      let child = try await root.spawn(Double())
      for number in 1...100 { try await child.send(number) }
      try child.finishSending()
      var answers: [Int] = []
      for try await answer in try await child.messages(of: Int.self) { answers.append(answer) }
      #expect(answers == (1...100).map { 2 * $0 })
    }
  }

  @Test func channelsJoinSiblings() async throws {
    try await withTestTree { root in
      let (sender, receiver) = root.makeChannel(of: Int.self)
      let consumers = [
        try await root.spawn(Consume(numbers: receiver)),
        try await root.spawn(Consume(numbers: receiver)),
      ]
      for number in 1...1_000 { try await sender.send(number) }
      sender.finish()
      var sum = 0
      for consumer in consumers { sum += try await consumer.result }
      #expect(sum == 500_500)
    }
  }

  @Test func aGroupHas64ChildrenAtATimeUnlessItSaysOtherwise() async throws {
    try await withTestTree(clock: .virtual) { root in
      try await root.withChildren(of: Void.self) { group in
        for _ in 0..<64 { try await group.spawn(Rest()) }
        await #expect(throws: ProcessTreeError.self) {
          try await root.withTimeout(.seconds(60)) { _ = try await group.spawn(Rest()) }
        }
        #expect(root.children.count == 64)
        group.cancelAll()
      }
      try await root.withChildren(of: Void.self, limit: .max) { group in
        for _ in 0..<65 { try await group.spawn(Rest()) }
        #expect(root.children.count == 65)
        group.cancelAll()
      }
    }
  }

  @Test func poolsMap() async throws {
    let squares = try await withTestTree { root in
      try await root.withPool(size: 3) { pool in
        try await pool.map(over: 1...100) { Square(number: $0) }
      }
    }
    #expect(squares == (1...100).map { $0 * $0 })
  }

  @Test func eventsAreSeen() async throws {
    try await withTestTree { root in
      let probe = try await EventProbe(root)
      let child = try await root.spawn(Square(number: 2))
      let path = child.path
      try await probe.expect { event in
        if case .exited = event.kind { event.path == path } else { false }
      }
    }
  }
}
