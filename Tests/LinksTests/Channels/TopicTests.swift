import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Broadcasts whose items go to those that have subscribed to their topics.
@Suite struct TopicTests {
  /// An item as `Publication` encodes it.
  private static func item(_ topic: String, _ number: Int) -> [UInt8] {
    var writer = MessagePackWriter(capacity: 64)
    writer.packArrayHeader(2)
    writer.pack(topic)
    writer.pack(number)
    return writer.bytes
  }

  private func numbers(at receiver: ChannelWorld.ReceiverNode) throws -> [Int] {
    var numbers: [Int] = []
    while let delivery = receiver.core.take() {
      var reader = MessagePackReader(delivery.bytes)
      #expect(try reader.readArrayHeader() == 2)
      _ = try reader.readString()
      numbers.append(try reader.readInt())
    }
    return numbers
  }

  private func offer(_ topic: String, _ number: Int, to world: ChannelWorld) throws {
    #expect(try world.senders[0].core.offer(Self.item(topic, number)))
  }

  private func world(
    _ overflow: ChannelSpecification.Overflow = .suspend, on loop: EventLoop
  ) -> ChannelWorld {
    let world = ChannelWorld(.of(.topics, overflow: overflow), senders: 1, on: loop)
    world.senders[0].core.expect(receivers: 0)
    return world
  }

  // MARK: The filter

  @Test(arguments: [0, 1, 31, 32, 255, 256, 65_535, 65_536])
  func aTopicOfAnyLengthIsFound(count: Int) {
    let topic = String(repeating: "é", count: count / 2) + (count % 2 == 1 ? "x" : "")
    let found = Self.item(topic, 7).withUnsafeBytes { Array(TopicFilter.topic(of: $0)) }
    #expect(found == Array(topic.utf8))
  }

  @Test func anyBytesHaveATopic() {
    var generator = SeededGenerator.announced("anyBytesHaveATopic")
    for _ in 0..<iterations(20_000) {
      var bytes = Self.item(String(repeating: "t", count: generator.int(0...300)), 1)
      for _ in 0..<generator.int(1...4) {
        bytes[generator.int(0...min(8, bytes.count - 1))] = UInt8(
          truncatingIfNeeded: generator.next())
      }
      bytes.removeLast(generator.int(0...bytes.count))
      let count = bytes.withUnsafeBytes { TopicFilter.topic(of: $0).count }
      #expect(count <= bytes.count)
    }
  }

  @Test func aSubscriptionHasABound() {
    #expect(TopicFilter(Array(repeating: "", count: TopicFilter.most)) != nil)
    #expect(TopicFilter(Array(repeating: "", count: TopicFilter.most + 1)) == nil)
    #expect(TopicFilter([String(repeating: "x", count: TopicFilter.mostBytes)]) != nil)
    #expect(TopicFilter(["x", String(repeating: "x", count: TopicFilter.mostBytes)]) == nil)
  }

  // MARK: Subscribers

  @Test func eachSubscriberGetsItsTopicsInOrderAndNothingElse() async throws {
    let random = SeededGenerator.announced("eachSubscriberGetsItsTopicsInOrderAndNothingElse")
    let topics = ["", "a", "a/b", "a/c", "b", "ab"]
    try await withLoop { loop in
      var generator = random
      for _ in 0..<iterations(200) {
        let world = world(on: loop)
        var subscribers: [(node: ChannelWorld.ReceiverNode, topics: [String], seen: [Int])] = []
        for _ in 0..<generator.int(1...4) {
          let chosen = (0..<generator.int(0...3)).map { _ in topics[generator.int(0...5)] }
          let node = world.addReceiver()
          // Some subscribe before the sender knows of them, some after it has published.
          if generator.bool() { node.core.subscribe(to: chosen) }
          subscribers.append((node, chosen, []))
        }
        var published: [String] = []
        for _ in 0..<generator.int(1...60) {
          let topic = topics[generator.int(0...5)]
          guard try world.senders[0].core.offer(Self.item(topic, published.count)) else { break }
          published.append(topic)
          if generator.int(0...3) == 0 { world.settle() }
        }
        for index in subscribers.indices {
          subscribers[index].node.core.subscribe(to: subscribers[index].topics)
        }
        while true {
          world.settle()
          let before = subscribers.map(\.seen.count)
          for index in subscribers.indices {
            subscribers[index].seen += try numbers(at: subscribers[index].node)
          }
          if before == subscribers.map(\.seen.count) { break }
        }
        for subscriber in subscribers {
          let wanted = published.indices.filter { number in
            subscriber.topics.contains { published[number].hasPrefix($0) }
          }
          #expect(subscriber.seen == wanted, "\(subscriber.topics): \(published)")
          #expect(subscriber.node.core.missed == 0)
        }
        #expect(world.senders[0].core.balance.missed == 0 && world.errors.isEmpty)
      }
    }
  }

  @Test func whoTakesWithoutASubscriptionTakesAll() async throws {
    try await withLoop { loop in
      let world = world(on: loop)
      let receiver = world.addReceiver()
      try offer("x", 1, to: world)
      world.settle()
      #expect(try numbers(at: receiver) == [1])
    }
  }

  @Test func whatCameBeforeTheSubscriptionIsHeldBackAndItsCreditReturns() async throws {
    try await withLoop { loop in
      let world = world(on: loop)
      let receiver = world.addReceiver()
      var sent = 0
      func fill() throws {
        while try world.senders[0].core.offer(Self.item("b", sent)) {
          sent += 1
          world.settle()
        }
      }
      try fill()
      receiver.core.subscribe(to: ["a"])
      #expect(try numbers(at: receiver) == [])
      world.settle()
      // The sender knows the topics by now, and its window is free.
      for number in 0..<3 { try offer(number == 1 ? "a" : "b", number, to: world) }
      world.settle()
      #expect(sent > 100)
      #expect(try numbers(at: receiver) == [1])
      #expect(world.errors.isEmpty)
    }
  }

  @Test func aNewSubscriptionTakesThePlaceOfTheOld() async throws {
    try await withLoop { loop in
      let world = world(on: loop)
      let receiver = world.addReceiver()
      receiver.core.subscribe(to: ["a"])
      for (number, topics) in [["b"], ["a", "b"], [], [""]].enumerated() {
        world.settle()
        receiver.core.subscribe(to: topics)
        world.settle()
        for topic in ["a", "b", "c"] { try offer(topic, number, to: world) }
        world.settle()
        let count = topics == [""] ? 3 : topics.count
        #expect(try numbers(at: receiver) == Array(repeating: number, count: count))
      }
    }
  }

  @Test func onlyWhatASubscriberTakesCountsAsMissed() async throws {
    try await withLoop { loop in
      let world = world(.dropNewest(1), on: loop)
      let receiver = world.addReceiver()
      receiver.core.subscribe(to: ["a"])
      world.settle()
      // The flow's first credit is used up by items of its topic.
      var sent = 0
      while world.senders[0].core.balance.missed == 0 {
        try offer("a", sent, to: world)
        try offer("b", sent, to: world)
        sent += 1
      }
      let before = world.senders[0].core.balance.missed
      for number in 0..<50 { try offer("b", number, to: world) }
      // While another receiver is on its way, the queue keeps one item and drops the others.
      world.senders[0].core.expect(receivers: 1)
      for number in 0..<50 { try offer("b", number, to: world) }
      world.senders[0].core.expect(receivers: 0)
      #expect(world.senders[0].core.balance.missed == before)
      var seen: [Int] = []
      while receiver.core.hasItems || !world.isIdle {
        world.settle()
        seen += try numbers(at: receiver)
      }
      #expect(seen == Array(0..<(sent - 1)))
    }
  }

  @Test func aHostileSubscriptionChangesNothing() async throws {
    try await withLoop { loop in
      let world = world(on: loop)
      let receiver = world.addReceiver()
      receiver.core.subscribe(to: ["a"])
      world.settle()
      let (core, connection) = (world.senders[0].core, world.connections[0])
      let many = Array(repeating: "b", count: TopicFilter.most + 1)
      core.receiveSubscription(flow: connection.flow, over: connection.link.left, to: many)
      core.receiveSubscription(flow: 99, over: connection.link.left, to: ["b"])
      for topic in ["a", "b"] { try offer(topic, 1, to: world) }
      world.settle()
      #expect(try numbers(at: receiver) == [1])
    }
  }

  @Test func aBroadcastHasNoTopics() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.broadcast), senders: 1, on: loop)
      let core = world.senders[0].core
      core.expect(receivers: 0)
      let receiver = world.addReceiver()
      let connection = world.connections[0]
      core.receiveSubscription(flow: connection.flow, over: connection.link.left, to: ["b"])
      try offer("a", 5, to: world)
      world.settle()
      #expect(try numbers(at: receiver) == [5])
    }
  }
}
