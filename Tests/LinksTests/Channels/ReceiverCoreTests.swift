import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Single steps of a receiver's end.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct ReceiverCoreTests {
  private func offer(_ numbers: ClosedRange<Int>, to world: ChannelWorld) throws {
    for number in numbers {
      let bytes = WalkItem(sender: 0, number: number).bytes(padding: 0)
      #expect(try world.senders[0].core.offer(bytes))
    }
  }

  @Test func oneFrameIsEnoughForSeveralTasks() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 1, on: loop)
      let core = world.addReceiver().core
      let taken = Box(0)
      let bound = LoopBound(core, on: loop)
      // Each takes one item and is then busy without end.
      let tasks = (0..<3).map { _ in
        Task(executorPreference: loop) {
          while true {
            if bound.value.take() != nil {
              taken.value += 1
              return
            }
            try await bound.value.waitForItem()
          }
        }
      }
      try await loop.rest { core.isWaiting }
      for _ in 0..<20 { await Task.yield() }
      try offer(1...3, to: world)
      world.settle()
      try await loop.rest { taken.value == 3 }
      for task in tasks { try await task.value }
    }
  }

  @Test func whoWaitsForWhomIsKnown() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 1, on: loop)
      let (sender, core) = (world.senders[0].core, world.addReceiver().core)
      world.settle()
      #expect(core.waits.isEmpty && sender.waits.isEmpty)
      let bound = LoopBound(core, on: loop)
      let task = Task(executorPreference: loop) { try await bound.value.waitForItem() }
      try await loop.rest { core.isWaiting }
      #expect(core.waits.map(\.purpose) == [.element])
      #expect(core.waits.first?.tasks == 1 && core.waits.first?.peers.count == 1)
      try offer(1...1, to: world)
      sender.whenSettled {}
      world.settle()
      try await task.value
      #expect(core.waits.isEmpty)
      #expect(sender.waits.map(\.purpose) == [.acknowledgement])
      core.acknowledge(try #require(core.take()))
      world.settle()
      #expect(sender.waits.isEmpty)
    }
  }

  @Test func aReplyIsAllThatGoesBackForARequest() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.service, prefetch: 64), senders: 1, on: loop)
      let (sender, core) = (world.senders[0].core, world.addReceiver().core)
      world.settle()
      let answers = Box<[[UInt8]]>([])
      let link = world.connections[0].link.right
      // The first time the receiver grants the whole window as well.
      for round in 1...2 {
        for number in 3 * round - 2...3 * round {
          sender.expectReply(to: UInt64(number)) { answers.value.append((try? $0.get()) ?? []) }
          #expect(try sender.offer([UInt8(number)], call: UInt64(number)))
        }
        world.settle()
        let before = link.lastSent
        let requests = try (1...3).map { _ in try #require(core.take()) }
        // Out of order.
        for number in [1, 0, 2] { core.reply([UInt8(number)], to: requests[number]) }
        world.settle()
        #expect(round == 1 || link.lastSent == before + 3)
      }
      #expect(answers.value == [[1], [0], [2], [1], [0], [2]])
      #expect(sender.isSettled && sender.balance.acknowledged == 6)
    }
  }

  @Test func whatWasDoneBeforeTheCloseIsNotDoneAgain() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 1, on: loop)
      let first = world.addReceiver()
      try offer(1...2, to: world)
      world.settle()
      let done = try #require(first.core.take())
      _ = first.core.take()
      // In the same turn.
      first.core.acknowledge(done)
      first.core.close()
      world.settle()
      #expect(world.senders[0].core.balance.acknowledged == 1)
      let second = world.addReceiver()
      world.settle()
      let again = try #require(second.core.take())
      #expect(try WalkItem(again.bytes).number == 2 && again.attempt == 2)
      #expect(second.core.take() == nil)
    }
  }

  @Test func anItemStaysNotedWhenAnotherIsDone() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work, attempts: 1), senders: 1, on: loop)
      let receiver = world.addReceiver()
      try offer(1...2, to: world)
      world.settle()
      let first = try #require(receiver.core.take())
      _ = receiver.core.take()
      receiver.core.acknowledge(first)
      world.settle()
      world.kill(receiver) { 0 }
      let quarantined = world.senders[0].core.quarantined
      #expect(try quarantined.map { try WalkItem($0.bytes).number } == [2])
    }
  }

  @Test func anyNumberOfItemsMayBeDoneBeforeAnOlderOne() async throws {
    try await withLoop { loop in
      let count = 12_000
      let world = ChannelWorld(.of(.work, prefetch: 20_000), senders: 1, on: loop)
      let receiver = world.addReceiver()
      var bytesBack = 0
      for first in stride(from: 1, to: count, by: 100) {
        try offer(first...first + 99, to: world)
        world.settle()
        while let delivery = receiver.core.take() {
          if delivery.sequence > 1 { receiver.core.acknowledge(delivery) }
        }
        receiver.core.flush()
        bytesBack += world.connections[0].link.bytesToLeft
        world.settle()
      }
      #expect(world.senders[0].core.balance.acknowledged == UInt64(count - 1))
      // Each is sent once, and not with every one that follows.
      #expect(bytesBack < count * 20, "\(bytesBack)")
      world.kill(receiver) { 0 }
      #expect(world.senders[0].core.balance.redelivered == 1)
    }
  }

  @Test func hoardedItemsGoToWhoIsIdle() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work, prefetch: 100), senders: 1, on: loop)
      let rich = world.addReceiver()
      try offer(1...100, to: world)
      world.settle()
      let idle = world.addReceiver()
      world.settle()
      // The first acknowledgement shows that one has all and the other nothing.
      rich.core.acknowledge(try #require(rich.core.take()))
      world.settle()
      var counts: [Int] = []
      for receiver in [rich, idle] {
        var count = 0
        while let delivery = receiver.core.take() {
          #expect(delivery.attempt == 1)
          receiver.core.acknowledge(delivery)
          count += 1
        }
        counts.append(count)
      }
      world.settle()
      #expect(counts.reduce(1, +) == 100 && counts.allSatisfy { $0 > 20 }, "\(counts)")
      #expect(world.senders[0].core.isSettled)
    }
  }
}
