import Glibc
import ProcessTree
import ProcessTreeTesting
import Testing

/// Sends each message of its parent back.
struct Echo: NodeProgram {
  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    for try await number in try await parent.messages(of: Int.self) {
      try await parent.send(number)
    }
  }
}

/// Starts a child when it has a message, and returns why that failed.
struct Starter: NodeProgram {
  func run(in node: Node) async throws -> String {
    var messages = try await node.parent?.messages(of: Int.self).makeAsyncIterator()
    _ = try await messages?.next()
    do {
      return "\(try await node.spawn(Square(number: 2)).result)"
    } catch {
      return "\(error)"
    }
  }
}

/// What each fault does to a tree, and that it ends.
@Suite struct FaultTests {
  /// How long some echoes take, by the tree's clock, after a fault.
  private func timeOfEcho(_ fault: TestFault) async throws -> Duration {
    try await withTestTree(clock: .virtual, seed: 1) { root, tree in
      let child = try await root.spawn(Echo())
      var answers = try await child.messages(of: Int.self).makeAsyncIterator()
      try await child.send(1)
      #expect(try await answers.next() == 1)
      tree.inject(fault, atStep: tree.steps + 1)
      let start = tree.time
      // The first of these is the step.
      for number in 2...9 {
        try await child.send(number)
        #expect(try await answers.next() == number)
      }
      let time = tree.time - start
      try child.finishSending()
      try await child.join()
      return time
    }
  }

  @Test func aStoppedNodeIsSilentUntilItContinues() async throws {
    let time = try await timeOfEcho(.stop("Process-1", for: .seconds(7)))
    #expect(time >= .seconds(7) && time < .seconds(8))
  }

  @Test func delayedFramesTakeTheirTime() async throws {
    let fault = TestFault.delay("Process-1", by: .milliseconds(100), for: .seconds(60))
    let time = try await timeOfEcho(fault)
    #expect(time >= .seconds(1) && time < .seconds(3))
  }

  @Test(arguments: [TestFault.dropFrame, .cutChannels(of: "MainProcess")])
  func whatABrokenConnectionLosesIsSentAgain(_ fault: TestFault) async throws {
    #expect(try await timeOfEcho(fault) < .seconds(1))
  }

  @Test func refusedConnectionsWait() async throws {
    try await withTestTree(clock: .virtual, seed: 1) { root, tree in
      // The root listens from its first child on.
      _ = try await root.spawn(Square(number: 1)).result
      tree.inject(
        .refuse(.connections, to: "MainProcess", for: .seconds(9)), atStep: tree.steps + 1)
      let start = tree.time
      let first = try await root.spawn(Square(number: 2))
      let second = try await root.spawn(Square(number: 3))
      #expect(try await [first.result, second.result] == [4, 9])
      #expect(tree.time - start >= .seconds(9))
    }
  }

  @Test(
    arguments: zip(
      [TestFault.Resource.processes, .memory, .descriptors],
      ["processes", "memory", "open files"]))
  func aRefusedStartSaysWhatIsMissing(
    _ resource: TestFault.Resource, _ word: String
  ) async throws {
    let answer = try await withTestTree(clock: .virtual, seed: 1) { root, tree in
      let child = try await root.spawn(Starter())
      tree.inject(.refuse(resource, to: "Process-1", for: .seconds(60)), atStep: tree.steps + 1)
      try await child.send(1)
      return try await child.result
    }
    #expect(answer.lowercased().contains(word), "\(answer)")
  }

  @Test func aRefusedThreadIsAnError() async throws {
    try await withTestTree(clock: .virtual, seed: 1) { root, tree in
      _ = try await root.spawn(Square(number: 1)).result
      tree.inject(.refuse(.threads, to: "MainProcess", for: .seconds(9)), atStep: tree.steps + 1)
      _ = try await root.spawn(Square(number: 1)).result
      await #expect(throws: ProcessTreeError.self) { try await root.offload { 1 } }
      try await root.sleep(for: .seconds(10))
      #expect(try await root.offload { 1 } == 1)
    }
  }

  @Test func aNodeThatClosesItsConnectionsIsEnded() async throws {
    try await withTestTree(clock: .virtual, seed: 1) { root, tree in
      let child = try await root.spawn(Echo())
      tree.inject(.close("Process-1"), atStep: tree.steps + 1)
      try await child.send(1)
      #expect(try await child.join() == .signaled(SIGKILL, coreDumped: false))
    }
  }

  @Test func aStoppedNodeHearsSignalsWhenItContinues() async throws {
    try await withTestTree(clock: .virtual, seed: 1) { root, tree in
      let child = try await root.spawn(Rest())
      let start = tree.time
      tree.inject(.stop("Process-1", for: .seconds(5)), atStep: tree.steps + 1)
      tree.inject(.terminate("Process-1"), atStep: tree.steps + 2)
      try await child.send(1)
      try await child.send(2)
      try await child.join()
      #expect(tree.time - start >= .seconds(5))
    }
  }
}
