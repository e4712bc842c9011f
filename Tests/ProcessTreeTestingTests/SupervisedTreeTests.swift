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

  /// Whenever a receiver stops: its items are worked on by another once it has been killed, and by
  /// nobody twice at a time.
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

  /// Kills the child at steps of which the seed decides, as often as there are lives.
  @Test(arguments: UInt64(1)...20)
  func aMailboxLosesNothingWithTheLivesOfItsChild(seed: UInt64) async throws {
    let count = 60
    let (items, lives, balance) = try await withTestTree(clock: .virtual, seed: seed) {
      root, tree in
      let forwarded = try await root.mailbox(of: Int.self)
      return try await root.withSupervisor(
        [ChildSpecification("till", ForwardsItems())],
        intensity: RestartIntensity(restarts: 5, within: .seconds(60))
      ) { supervisor in
        let sender = try await root.sender(to: root.address.child("till"), of: Int.self)
        for item in 1...count { try await sender.send(item) }
        var items: Set<Int> = []
        var kills = 0
        for try await delivery in forwarded.deliveries {
          delivery.acknowledge()
          items.insert(delivery.element)
          if items.count == count { break }
          guard items.count > kills * 10, kills < 5,
            let path = await supervisor.child("till")?.path
          else { continue }
          kills += 1
          tree.inject(.kill(path), atStep: tree.steps + (seed * 7 + UInt64(kills) * 3) % 12)
        }
        try await sender.join()
        let lives = await supervisor.child("till")?.incarnation ?? 0
        return (items, lives, try await sender.balance)
      }
    }
    #expect(items == Set(1...count))
    #expect(lives > 1 && lives <= 6)
    #expect(balance.acknowledged == count && balance.isBalanced, "\(balance)")
  }

  @Test func aMonitorInOneProcessSeesTheLives() async throws {
    try await withTestTree(clock: .virtual, seed: 3) { root, tree in
      try await root.withSupervisor([ChildSpecification("till", ForwardsItems())]) { supervisor in
        try await supervisor.waitUntilUp()
        var changes = try await root.monitor(root.address.child("till")).makeAsyncIterator()
        #expect(await changes.next()?.life == 1)
        let path = try #require(await supervisor.child("till")?.path)
        tree.inject(.kill(path), atStep: tree.steps + 1)
        try await root.send(1, to: root.address.child("till"))
        let report = try #require(await changes.next()?.report)
        #expect(report.cause == .killed(signal: 9) && report.incarnation == 1)
        #expect(await changes.next()?.life == 2)
      }
    }
  }
}

/// Sends the items of its mailbox on to the root's.
struct ForwardsItems: NodeProgram {
  func run(in node: Node) async throws {
    let root = try await node.sender(to: .root, of: Int.self)
    for try await item in try await node.mailbox(of: Int.self) {
      try await root.send(item)
      try await root.join()
    }
  }
}

extension NodeMonitor.Event {
  /// The number of the life that is up.
  fileprivate var life: Int? {
    if case .up(let incarnation, _) = self { incarnation } else { nil }
  }

  fileprivate var report: ExitReport? {
    if case .down(_, let report) = self { report } else { nil }
  }
}
