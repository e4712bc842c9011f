import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// The decisions of senders on random walks of receivers that join, leave, die, have credit or have
/// none.
@Suite struct SenderPolicyWalkTests {
  /// A receiver of leased items, and what it has.
  private struct Holder {
    var lastSequence: UInt64 = 0
    var has: [(sequence: UInt64, number: UInt64)] = []
    var isReadable: Bool?

    var mayGetMore: Bool { isReadable == true || (isReadable == false && has.isEmpty) }
  }

  /// Each item is queued, at one receiver, processed, quarantined or unwanted; no item is in two
  /// places.
  private struct LeaseHistory {
    var policy: any SenderPolicy
    var queue = ItemQueue()
    var holders: [Holder] = []
    var done: Set<UInt64> = []
    var quarantined: Set<UInt64> = []
    var unwanted = 0
    var credit: [Bool] = []
    let attempts: Int

    init(_ specification: ChannelSpecification) {
      policy =
        specification.kind == .service
        ? RequestPolicy(specification) : WorkPolicy(specification)
      attempts = Int(specification.attempts)
    }

    mutating func pump() throws {
      let credit = credit
      while let next = policy.next(&queue, { credit[$0] }) {
        guard case .one(let place) = next.recipients else { throw Wrong("not for one receiver") }
        guard credit[place] else { throw Wrong("a receiver without credit gets an item") }
        let holder = holders[place]
        guard holder.mayGetMore else {
          throw Wrong("a receiver gets an item whose work could not be told after its death")
        }
        // Of those that could get it, none has less to do.
        let least = holders.indices.filter { credit[$0] && holders[$0].mayGetMore }.map {
          holders[$0].has.count
        }.min()
        guard holder.has.count == least else { throw Wrong("another receiver has less to do") }
        holders[place].lastSequence += 1
        holders[place].has.append((holders[place].lastSequence, next.item.number))
      }
    }

    mutating func take(_ back: ReturnedItems) throws {
      queue.prepend(back.again)
      unwanted += back.unwanted
      for item in back.quarantined {
        guard item.deaths.count == attempts else { throw Wrong("quarantined too early") }
        guard quarantined.insert(item.number).inserted else { throw Wrong("quarantined twice") }
      }
      guard back.again.allSatisfy({ $0.deaths.count < attempts }) else {
        throw Wrong("an item goes out again that has killed enough")
      }
    }

    func check() throws {
      let held = holders.reduce(0) { $0 + $1.has.count }
      let known = queue.count + held + done.count + quarantined.count + unwanted
      guard known == Int(queue.lastNumber) else {
        throw Wrong("\(known) of \(queue.lastNumber) items are known")
      }
    }
  }

  private func step(_ history: inout LeaseHistory, _ generator: inout SeededGenerator) throws {
    let place = history.holders.isEmpty ? nil : generator.int(0...history.holders.count - 1)
    switch (generator.int(0...19), place) {
    case (0...5, _):
      for _ in 0..<generator.int(1...6) {
        let call = UInt64(history.queue.lastNumber + 1)
        history.policy.expectReply(to: call)
        history.queue.append(PendingItem(bytes: [1], call: call))
      }
    case (6, _) where history.holders.count < 6:
      history.policy.add(TicketID(node: .root, number: 1))
      history.holders.append(Holder())
      history.credit.append(true)
    case (7...8, let place?):
      let isReadable = generator.int(0...4) > 0
      // One that has been readable may have more items than one.
      guard isReadable || history.holders[place].has.count < 2 else { return }
      history.policy.accept(place, isReadable: isReadable)
      history.holders[place].isReadable = isReadable
    case (9, let place?): history.credit[place].toggle()
    case (10...13, let place?):
      // All below one, and perhaps one above.
      guard let below = history.holders[place].has.randomElement(using: &generator)?.sequence
      else { return }
      let above = history.holders[place].has.randomElement(using: &generator)?.sequence ?? 0
      let acknowledged = history.holders[place].has.filter {
        $0.sequence < below || $0.sequence == above
      }
      let count = history.policy.acknowledge(place, below: below, above: [above, above, 9_999])
      try #require(count == acknowledged.count)
      history.done.formUnion(acknowledged.map(\.number))
      history.holders[place].has.removeAll { $0.sequence < below || $0.sequence == above }
    case (14, let place?):
      guard let one = history.holders[place].has.randomElement(using: &generator) else { return }
      try #require(history.policy.reply(place, to: one.sequence)?.number == one.number)
      try #require(history.policy.reply(place, to: one.sequence) == nil)
      history.done.insert(one.number)
      history.holders[place].has.removeAll { $0.sequence == one.sequence }
    case (15...16, let place?):
      let first = history.holders[place].has.randomElement(using: &generator)?.sequence ?? 1
      let last = history.holders[place].lastSequence
      history.holders[place].has.removeAll { $0.sequence >= first }
      try history.take(history.policy.takeBack(place, from: first, through: last))
    case (17, _):
      let credit = history.credit
      guard let (place, keeping) = history.policy.recall({ credit[$0] }) else { return }
      try #require(history.holders[place].has.count > 1)
      try #require(keeping == history.holders[place].has.count / 2)
    case (18, _): _ = history.policy.cancel(UInt64(generator.int(1...50)))
    case (19, let place?) where generator.int(0...2) == 0:
      let holder = history.holders.remove(at: place)
      history.credit.remove(at: place)
      let victim = holder.has.randomElement(using: &generator)?.sequence
      let work: ReceiverDeath.LastWork =
        switch generator.int(0...2) {
        case 0: .unknown
        case 1: .nothing
        default: victim.map { .item(WorkNote(sequence: $0, elementOffset: 3)) } ?? .nothing
        }
      let death = ReceiverDeath(node: node(1), lastWork: work)
      try history.take(history.policy.remove(place, generator.bool() ? death : nil))
    default: break
    }
    try history.pump()
    try history.check()
  }

  @Test(arguments: [ChannelSpecification.Kind.work, .service])
  func aLeasedItemIsAlwaysInOnePlace(_ kind: ChannelSpecification.Kind) throws {
    var generator = SeededGenerator.announced("decisions of senders, \(kind)")
    var quarantined = 0
    for _ in 0..<iterations(2_000) {
      var history = LeaseHistory(.of(kind, attempts: UInt32(generator.int(1...3))))
      for _ in 0..<generator.int(1...120) { try step(&history, &generator) }
      quarantined += history.quarantined.count
      let held = history.holders.reduce(0) { $0 + $1.has.count }
      try #require(history.policy.abandon() == held && history.policy.isSettled)
    }
    #expect(quarantined > 0)
  }

  /// A subscriber, and the numbers that it has received.
  private struct Subscriber {
    var received: [UInt8] = []
    var missed: UInt64 = 0
  }

  @Test(arguments: [
    ChannelSpecification.Overflow.suspend, .dropOldest(3), .dropNewest(3), .fail(3),
  ])
  func aSubscriberReceivesEachItemOnceOrMissesIt(
    _ overflow: ChannelSpecification.Overflow
  ) throws {
    var generator = SeededGenerator.announced("broadcasts, \(overflow)")
    for _ in 0..<iterations(2_000) {
      var policy = BroadcastPolicy(.of(.broadcast, overflow: overflow))
      var queue = ItemQueue()
      var subscribers = (0..<generator.int(1...4)).map { _ in Subscriber() }
      for number in subscribers.indices {
        policy.add(TicketID(node: .root, number: UInt64(number)))
      }
      policy.expect(0, newest: nil, after: 0)
      var credit = subscribers.map { _ in true }
      var sent: UInt8 = 0
      func drain(_ place: Int) {
        guard credit[place], policy.hasWaiting(for: place) else { return }
        subscribers[place].missed = policy.missedNews(for: place) ?? subscribers[place].missed
        while let bytes = policy.nextWaiting(for: place) { subscribers[place].received += bytes }
      }
      for _ in 0..<generator.int(1...100) {
        if generator.int(0...3) == 0 {
          credit[generator.int(0...credit.count - 1)].toggle()
          for place in credit.indices { drain(place) }
        }
        guard sent < .max, policy.hasRoom(queue, { credit[$0] }) else { continue }
        sent += 1
        queue.append(PendingItem(bytes: [sent]))
        while let next = policy.next(&queue, { credit[$0] }) {
          guard case .all(let places) = next.recipients else { throw Wrong("for one receiver") }
          for place in places {
            try #require(credit[place])
            subscribers[place].missed = policy.missedNews(for: place) ?? subscribers[place].missed
            subscribers[place].received += next.item.bytes
          }
        }
      }
      credit = credit.map { _ in true }
      for place in credit.indices {
        drain(place)
        subscribers[place].missed = policy.missedNews(for: place) ?? subscribers[place].missed
      }
      for subscriber in subscribers {
        let received = subscriber.received
        try #require(zip(received, received.dropFirst()).allSatisfy { $0 < $1 })
        try #require(
          UInt64(received.count) + subscriber.missed == UInt64(sent) - UInt64(queue.count))
        if case .suspend = overflow { try #require(subscriber.missed == 0) }
      }
      try #require(policy.missed == subscribers.reduce(0) { $0 + $1.missed } && policy.isSettled)
    }
  }

  @Test func aPipeHandsEverythingToItsReceiverAndEndsWithIt() {
    var policy = PipePolicy(.of(.pipe))
    var queue = ItemQueue()
    queue.append(PendingItem(bytes: [1]))
    #expect(policy.next(&queue) { _ in true } == nil && policy.endsWithReceiver)
    policy.add(TicketID(node: .root, number: 1))
    #expect(policy.next(&queue) { _ in false } == nil)
    #expect(policy.next(&queue) { _ in true }?.recipients == .one(0) && queue.isEmpty)
    #expect(policy.hasRoom(queue) { _ in true } && !policy.hasRoom(queue) { _ in false })
    #expect(policy.remove(0, nil).again.isEmpty && policy.isSettled)
  }
}
