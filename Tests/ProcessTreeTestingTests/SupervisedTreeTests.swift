import Glibc
import ProcessTree
import ProcessTreeTesting
import Testing

/// Fails a time after its start.
struct FailsLater: NodeProgram {
  var after = Duration.seconds(3_600)

  func run(in node: Node) async throws {
    try await node.sleep(for: after)
    node.exit(3)
  }
}

/// Takes numbers, each of which takes a time.
struct SlowTaker: NodeProgram {
  var numbers: Receiver<Int>

  func run(in node: Node) async throws {
    for try await _ in numbers { try await node.sleep(for: .milliseconds(100)) }
  }
}

/// Supervisors in a tree of one process.
@Suite struct SupervisedTreeTests {
  @Test func hoursOfRestartsPassAtOnce() async throws {
    let backoff = RestartBackoff(first: .seconds(600), most: .seconds(3_600))
    let failure = await #expect(throws: SupervisorFailure.self) {
      try await withTestTree(clock: .virtual, seed: 7) { root in
        try await root.withSupervisor(
          [ChildSpecification("later", FailsLater(), backoff: backoff)],
          intensity: RestartIntensity(restarts: 4, within: .seconds(360_000))
        ) { try await $0.waitUntilOver() }
      }
    }
    let chain = try #require(failure?.chain)
    #expect(chain.hasPrefix("later exited with code 3 5 times in "), "\(chain)")
  }

  /// Whenever a receiver stops: its items are worked on by another once it has been killed, and by nobody
  /// twice at a time.
  @Test func whereverAReceiverStopsItsLeaseEndsItsWork() async throws {
    var kills = 0
    for step in UInt64(1)...150 {
      let wasKilled = try await withTestTree(clock: .virtual, seed: step) { root, tree in
        let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: 4)
        let first = try await root.spawn(
          SlowTaker(numbers: receiver),
          liveness: Liveness(lease: .seconds(1), limit: .seconds(3)))
        let second = try await root.spawn(SlowTaker(numbers: receiver))
        tree.inject(.signal(SIGSTOP, to: first.path), atStep: tree.steps + step)
        for number in 1...30 { try await sender.send(number) }
        sender.finish()
        try await sender.join()
        #expect(try await sender.balance.acknowledged == 30, "step \(step)")
        try await first.join()
        try await second.join()
        if case .unresponsive(let silence) = first.exitReport?.cause {
          #expect(silence >= .seconds(3) && silence < .seconds(4), "step \(step): \(silence)")
          return true
        }
        return false
      }
      kills += wasKilled ? 1 : 0
    }
    #expect(kills > 50)
  }

  @Test func aNodeThatHasClosedItsConnectionsLosesItsLease() async throws {
    try await withTestTree(clock: .virtual, seed: 1) { root, tree in
      let child = try await root.spawn(
        FailsLater(), liveness: Liveness(lease: .seconds(1), limit: .seconds(3)))
      let start = tree.time
      tree.inject(.close(child.path), atStep: tree.steps + 8)
      try await child.join()
      guard case .unresponsive = child.exitReport?.cause else {
        Issue.record("\(child.exitReport as Any)")
        return
      }
      #expect(tree.time - start < .seconds(7))
    }
  }

  @Test func aPauseShorterThanTheLimitEndsNothing() async throws {
    for step in UInt64(1)...60 {
      try await withTestTree(clock: .virtual, seed: step) { root, tree in
        let child = try await root.spawn(
          FailsLater(after: .seconds(9)), liveness: Liveness(lease: .seconds(1), limit: .seconds(3))
        )
        tree.inject(.stop(child.path, for: .milliseconds(2_700)), atStep: tree.steps + step)
        try await child.join()
        #expect(child.exitReport?.cause == .exited(code: 3), "step \(step)")
      }
    }
  }
}
