import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Single steps of a sender's end.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct SenderCoreTests {
  private static let lost = LinkError.channelEnded("the home is gone")

  private func offer(_ number: Int, to world: ChannelWorld) throws {
    let bytes = WalkItem(sender: 0, number: number).bytes(padding: 0)
    #expect(try world.senders[0].core.offer(bytes))
  }

  private func numbers(at receiver: ChannelWorld.ReceiverNode) throws -> [Int] {
    var numbers: [Int] = []
    while let delivery = receiver.core.take() {
      receiver.begun.append(delivery)
      numbers.append(try WalkItem(delivery.bytes).number)
    }
    return numbers
  }

  // MARK: The end of the receivers

  @Test func theLastReceiverAfterTheHomeIsTheLastOfAll() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 1, on: loop)
      let core = world.senders[0].core
      let receiver = world.addReceiver()
      try offer(1, to: world)
      world.settle()
      core.homeLost(Self.lost)
      #expect(core.phase == .active)
      world.kill(receiver) { 0 }
      #expect(core.phase == .closed(Self.lost) && core.balance.returned == 1)
      #expect(throws: Self.lost) { _ = try core.offer([1]) }
    }
  }

  @Test func whatTheLastReceiverHadDoneCountsWhereverItIsHeardFirst() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 1, on: loop)
      let core = world.senders[0].core
      let receiver = world.addReceiver()
      for number in 1...3 { try offer(number, to: world) }
      world.settle()
      #expect(try numbers(at: receiver) == [1, 2, 3])
      for delivery in receiver.begun.prefix(2) { receiver.core.acknowledge(delivery) }
      receiver.core.close()
      // The home's word overtakes the receiver's own.
      core.noFurtherReceiver(.peerGone)
      #expect(core.balance.returned == 0)
      world.settle()
      #expect(core.phase == .closed(.peerGone))
      #expect(core.balance.acknowledged == 2 && core.balance.returned == 1)
      #expect(core.balance.pending == 0)
    }
  }

  @Test func acknowledgementsAfterTheCloseAreNotCountedTwice() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 1, on: loop)
      let receiver = world.addReceiver()
      for number in 1...3 { try offer(number, to: world) }
      world.settle()
      #expect(try numbers(at: receiver) == [1, 2, 3])
      for delivery in receiver.begun { receiver.core.acknowledge(delivery) }
      world.senders[0].core.close(.peerGone)
      world.settle()
      let balance = world.senders[0].core.balance
      #expect(balance.acknowledged == 0 && balance.returned == 3 && balance.pending == 0)
    }
  }

  @Test func withoutAPageAReceiverHasOneItemAndIsTakenToHaveDiedOfIt() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work, attempts: 1), senders: 1, on: loop)
      for number in 1...3 { try offer(number, to: world) }
      let receiver = world.addReceiver()
      let (sender, connection) = (world.senders[0].core, world.connections[0])
      func deliver() {
        sender.flush()
        connection.link.deliver(toLeft: 0)
      }
      deliver()
      #expect(try numbers(at: receiver) == [], "the receiver has not answered")
      sender.accept(flow: connection.flow, over: connection.link.left, nil)
      deliver()
      #expect(try numbers(at: receiver) == [1])
      world.kill(receiver) { 0 }
      let quarantined = world.senders[0].core.quarantined
      #expect(try quarantined.map { try WalkItem($0.bytes).number } == [1])
      #expect(quarantined.first?.killers == [receiver.address])
    }
  }

  // MARK: Waiting

  @Test func aCancelledSendLetsOthersGo() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.pipe), senders: 1, on: loop)
      let core = world.senders[0].core
      let bound = LoopBound(core, on: loop)
      world.addReceiver()
      // Until there is no credit left, which nobody will give.
      while try core.offer([UInt8](repeating: 1, count: 10_000)) {}
      world.settle()
      let blocked = Task(executorPreference: loop) { try await bound.value.send([2]) }
      try await loop.rest { core.isWaiting }
      let joined = Box(false)
      let join = Task(executorPreference: loop) {
        try await bound.value.join()
        joined.value = true
      }
      // The join finds nothing left but the item that waits.
      for _ in 0..<50 {
        await Task.yield()
        world.settle()
      }
      #expect(!joined.value)
      blocked.cancel()
      await #expect(throws: CancellationError.self) { try await blocked.value }
      try await loop.rest {
        world.settle()
        return joined.value
      }
      try await join.value
      #expect(core.balance.pending == 0)
    }
  }

  @Test func aJoinWaitsForNoOtherTrafficOfTheLink() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.pipe), senders: 1, on: loop)
      let core = world.senders[0].core
      world.addReceiver()
      let link = world.connections[0].link
      try offer(1, to: world)
      let joined = Box(false)
      core.whenSettled { joined.value = true }
      // Another channel on the link never rests: something of it is always under way.
      for _ in 0..<50 where !joined.value {
        core.flush()
        link.left.send(.missed(flow: 1, count: 0))
        link.left.send(.missed(flow: 1, count: 0))
        link.deliver(toRight: 2)
        world.senders[0].isDirty = false
      }
      #expect(joined.value && !link.left.isSettled)
    }
  }

  @Test func aCancelledCallIsCountedWhateverBecomesOfItsItem() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.service), senders: 1, on: loop)
      let core = world.senders[0].core
      let bound = LoopBound(core, on: loop)
      let receiver = world.addReceiver()
      let call = Task(executorPreference: loop) { try await bound.value.call([1]) }
      try await loop.rest { core.balance.sent == 1 }
      world.settle()
      call.cancel()
      await #expect(throws: CancellationError.self) { _ = try await call.value }
      world.kill(receiver) { 0 }
      #expect(core.balance.returned == 1 && core.balance.pending == 0 && core.isSettled)
    }
  }

  // MARK: Broadcasts

  @Test func aBroadcastWaitsForItsHomeToNameTheSubscribers() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.broadcast), senders: 1, on: loop)
      let core = world.senders[0].core
      for number in 1...3 { try offer(number, to: world) }
      // They were there before the first item was sent.
      let early = world.addReceiver()
      world.settle()
      #expect(try numbers(at: early) == [])
      core.expect(receivers: 1)
      let late = world.addReceiver()
      core.expect(receivers: 0)
      try offer(4, to: world)
      world.settle()
      #expect(try numbers(at: early) == [1, 2, 3, 4])
      #expect(try numbers(at: late) == [1, 2, 3, 4])
    }
  }

  private func broadcast(_ overflow: ChannelSpecification.Overflow) -> ChannelSpecification {
    .init(
      kind: .broadcast, overflow: overflow, prefetch: ChannelSpecification.unlimitedPrefetch,
      attempts: 1)
  }

  @Test(arguments: [.dropOldest(3), .dropNewest(3)] as [ChannelSpecification.Overflow])
  func aSubscriberOnItsWayIsToldExactlyWhatItHasMissed(
    _ overflow: ChannelSpecification.Overflow
  ) async throws {
    try await withLoop { loop in
      let world = ChannelWorld(broadcast(overflow), senders: 1, on: loop)
      let core = world.senders[0].core
      core.expect(receivers: 0)
      let here = world.addReceiver()
      // One after the other sets out, and they arrive in the opposite order.
      core.expect(receivers: 1, newest: world.nextReceiver(1))
      for number in 1...10 { try offer(number, to: world) }
      core.expect(receivers: 2, newest: world.nextReceiver(0))
      for number in 11...20 { try offer(number, to: world) }
      let second = world.addReceiver()
      core.expect(receivers: 1)
      let first = world.addReceiver()
      core.expect(receivers: 0)
      // It was held where the sender is, and subscribes only now.
      let third = world.addReceiver()
      core.expect(receivers: 0, newest: third.core.ticket)
      try offer(21, to: world)
      world.settle()
      let got = try [here, first, second, third].map { try numbers(at: $0) }
      for receiver in [here, first] { #expect(receiver.core.missed == 17) }
      // Of the oldest, three were sent before it set out.
      let missed: UInt64 = overflow == .dropOldest(3) ? 7 : 10
      #expect(second.core.missed == missed && third.core.missed == 0)
      #expect(got[0].count == 4 && got[1] == got[0] && got[2] == got[0] && got[3] == [21])
      #expect(core.balance.missed == 17 + 17 + missed && core.balance.dropped == 17)
    }
  }

  @Test func whatASubscriberHasMissedIsToldAtTheEndAndCountedOnce() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(broadcast(.dropNewest(1)), senders: 1, on: loop)
      let core = world.senders[0].core
      core.expect(receivers: 0)
      let receiver = world.addReceiver()
      core.expect(receivers: 1, newest: world.nextReceiver(0))
      for number in 1...5 { try offer(number, to: world) }
      // The receiver on its way does not come: waiting elements are sent, and nothing follows them.
      core.expect(receivers: 0)
      try offer(6, to: world)
      world.settle()
      #expect(try numbers(at: receiver) == [1, 6] && receiver.core.missed == 4)
      core.expect(receivers: 1, newest: world.nextReceiver(0))
      for number in 7...9 { try offer(number, to: world) }
      core.close(.finished)
      world.endFlows(of: core)
      world.settle()
      #expect(receiver.core.take() == nil && receiver.core.missed == 6)
      // A request after the end gets the same.
      receiver.core.close()
      #expect(receiver.core.missed == 6)
    }
  }

  @Test func aBroadcastWhoseHomeIsGoneWaitsForNobody() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.broadcast), senders: 1, on: loop)
      let receiver = world.addReceiver()
      world.senders[0].core.expect(receivers: 1)
      world.senders[0].core.homeLost(Self.lost)
      try offer(1, to: world)
      world.settle()
      #expect(try numbers(at: receiver) == [1])
    }
  }
}
