import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// A number with some weight, so that not too many fit under way.
struct Heavy: Codable, Sendable {
  var number: Int
  var weight = [UInt8](repeating: 7, count: 4_000)
}

/// Reports all that it gets of a broadcast, and how much it has missed.
struct HeavySubscriber: NodeProgram {
  var receiver: Receiver<Heavy>
  /// Gets every fiftieth number.
  var progress: Sender<Int>?
  /// Nothing is taken before this comes to its end.
  var gate: Receiver<Int>?

  func run(in node: Node) async throws -> [Int] {
    if let gate { for try await _ in gate {} }
    var seen: [Int] = []
    for try await heavy in receiver {
      seen.append(heavy.number)
      if heavy.number.isMultiple(of: 50) { try await progress?.send(heavy.number) }
    }
    return seen + [try await receiver.missed]
  }
}

/// Reports all that it gets of a broadcast.
struct Subscriber: NodeProgram {
  var receiver: Receiver<Int>

  func run(in node: Node) async throws -> [Int] {
    var seen: [Int] = []
    for try await number in receiver { seen.append(number) }
    return seen
  }
}

/// Holds an end that it passes on and does not use, for as long as the other node lives.
struct PassesTopicsOn: NodeProgram {
  var receiver: Receiver<Publication<Int>>

  func run(in node: Node) async throws -> Int {
    let below = try await node.spawn(TopicSubscriber(receiver: receiver, topics: ["a"]))
    try await node.parent?.send("passed on")
    return try await below.result.count
  }
}

/// Reports the topics of the elements that it gets, once it has subscribed to these.
struct TopicSubscriber: NodeProgram {
  var receiver: Receiver<Publication<Int>>
  var topics: [String]?

  func run(in node: Node) async throws -> [Publication<Int>] {
    if let topics { try await receiver.subscribe(to: topics) }
    var seen: [Publication<Int>] = []
    for try await publication in receiver { seen.append(publication) }
    return seen
  }
}

/// Answers what it is asked: `number` with its double, -1 with an error, -2 never; it reports when
/// it begins with -2, by -3, and when it is cancelled at it.
struct Answerer: NodeProgram {
  struct Refused: Error, Codable { var number: Int }

  var service: Service<Int, Int>
  var cancelled: Sender<Int>

  func run(in node: Node) async throws {
    let cancelled = cancelled
    try await service.serve(limit: 8) { number in
      if number == -1 { throw Refused(number: number) }
      if number == -2 {
        try await cancelled.send(-3)
        do { try await Task.sleep(for: .seconds(60)) } catch {
          // A cancelled task sends nothing any more; another one does.
          await Task { try? await cancelled.send(number) }.value
          throw error
        }
      }
      return number * 2
    }
  }
}

/// Passes on what comes over a pipe, doubled.
struct Doubler: NodeProgram {
  var pipe: PipeEnd<Int, Int>

  func run(in node: Node) async throws {
    for try await number in pipe.receiver { try await pipe.send(number * 2) }
  }
}

let kindScenarios: [String: Scenario] = [
  "servicesWithAState": { root, expect in
    let (client, service) = root.makeService(of: String.self, returning: Int.self)
    let child = try await root.spawn(Counts(service: service))
    service.close()
    let answers = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<200 { group.addTask { try await client.call("a") } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    expect.equal(answers, Set(1...200))
    // A change before an error, or before the last waiter gave up, stays.
    let refused = await expect.thrown(RemoteFailure.self) { _ = try await client.call("") }
    expect.expect(refused?.underlying(as: Counts.Empty.self) != nil, "\(refused as Any)")
    let late = await expect.thrown(ProcessTreeError.self) {
      _ = try await client.call("slow", timeout: .milliseconds(500))
    }
    expect.equal(late?.code, .deadlinePassed)
    expect.equal(try await client.call("b"), 1)
    client.finish()
    expect.equal(try await child.result, ["a": 200, "": 1, "slow": 1, "b": 1])
  },
  "broadcastToAll": { root, expect in
    let (sender, receiver) = root.makeBroadcast(of: Int.self)
    try await root.withChildren(of: [Int].self) { group in
      for _ in 1...3 { try await group.spawn(Subscriber(receiver: receiver)) }
      // Subscribers that are on their way miss nothing.
      for number in 1...5_000 { try await sender.send(number) }
      sender.finish()
      for try await seen in group { expect.equal(seen, Array(1...5_000)) }
    }
  },
  "topicsReachTheirSubscribers": { root, expect in
    let (publisher, subscriber) = root.makeTopics(of: Int.self)
    let published = (1...6_000).map { Publication($0, on: ["a/b", "a/c", "b"][$0 % 3]) }
    let topics: [[String]?] = [["a/"], ["a/c", "b"], ["c"], nil]
    var children: [Child<[Publication<Int>]>] = []
    for chosen in topics {
      let program = TopicSubscriber(receiver: subscriber, topics: chosen)
      children.append(try await root.spawn(program))
    }
    for one in published { try await publisher.publish(one.element, on: one.topic) }
    publisher.finish()
    for (child, chosen) in zip(children, topics) {
      let wanted = published.filter { one in
        chosen?.contains { one.topic.hasPrefix($0) } ?? true
      }
      expect.equal(try await child.result, wanted)
    }
    expect.equal(try await publisher.balance.missed, 0)
    // A node that holds an end without using it keeps nobody from the end.
    let (passed, subscribers) = root.makeTopics(of: Int.self)
    let middle = try await root.spawn(PassesTopicsOn(receiver: subscribers))
    subscribers.close()
    var words = try await middle.messages(of: String.self).makeAsyncIterator()
    expect.equal(try await words.next(), "passed on")
    for number in 1...100 { try await passed.publish(number, on: number % 2 == 0 ? "a" : "b") }
    passed.finish()
    expect.equal(try await middle.result, 50)
    // The node that made the channel takes part from its subscription on.
    let (own, news) = root.makeTopics(of: Int.self)
    try await news.subscribe(to: ["a"])
    for number in 1...3 { try await own.publish(number, on: number == 2 ? "b" : "a") }
    own.finish()
    var seen: [Int] = []
    for try await one in news { seen.append(one.element) }
    expect.equal(seen, [1, 3])
    let (_, plain) = root.makeBroadcast(of: Publication<Int>.self)
    let noTopics = await expect.thrown(ProcessTreeError.self) {
      try await plain.subscribe(to: ["a"])
    }
    expect.equal(noTopics?.code, .invalidConfiguration)
    let tooMany = await expect.thrown(ProcessTreeError.self) {
      try await subscriber.subscribe(to: Array(repeating: "x", count: 1_025))
    }
    expect.equal(tooMany?.code, .invalidLimit)
  },
  "slowSubscriberIsToldWhatItMissed": { root, expect in
    let (sender, receiver) = root.makeBroadcast(of: Heavy.self, overflow: .dropOldest(beyond: 100))
    let (progress, told) = root.makePipe(of: Int.self)
    let (open, gate) = root.makePipe(of: Int.self)
    let slow = try await root.spawn(HeavySubscriber(receiver: receiver, gate: gate))
    let fast = try await root.spawn(HeavySubscriber(receiver: receiver, progress: progress))
    receiver.close()
    let count = 3_000
    var heard = told.makeAsyncIterator()
    for number in 1...count {
      try await sender.send(Heavy(number: number))
      // One keeps up, the other does not even begin.
      if number.isMultiple(of: 50) { expect.equal(try await heard.next(), number) }
    }
    open.finish()
    sender.finish()
    expect.equal(try await fast.result, Array(1...count) + [0])
    let seen = try await slow.result
    let missed = seen.last ?? 0
    expect.expect(missed > 0)
    expect.equal(seen.count - 1 + missed, count)
    expect.equal(seen.dropLast().last, count)
    expect.equal(try await sender.balance.missed, missed)
  },
  "broadcastWithoutSubscribers": { root, expect in
    let (sender, receiver) = root.makeBroadcast(of: Int.self)
    receiver.close()
    let error = await expect.thrown(ProcessTreeError.self) {
      for number in 1...1_000 { try await sender.send(number) }
    }
    expect.equal(error?.code, .unreachable)
  },
  "subscribersOnTheirWayAreToldExactlyWhatTheyMissed": { root, expect in
    for policy in [OverflowPolicy.dropOldest(beyond: 10), .dropNewest(beyond: 10)] {
      let (sender, receiver) = root.makeBroadcast(of: Int.self, overflow: policy)
      let first = try root.makeChild(CountsWhatItMissed(receiver: receiver))
      for number in 0..<100 { try await sender.send(number) }
      let second = try root.makeChild(CountsWhatItMissed(receiver: receiver))
      for number in 0..<50 { try await sender.send(number) }
      receiver.close()
      // The one that set out later is there first.
      try await second.start()
      try await first.start()
      for number in 0..<10 { try await sender.send(number) }
      sender.finish()
      let counts = try await [first.result, second.result]
      expect.equal(counts[0].reduce(0, +), 160)
      // It also gets those that were sent before it set out and that still waited.
      expect.equal(counts[1].reduce(0, +), policy == .dropOldest(beyond: 10) ? 60 : 70)
    }
  },
  "overflowPolicies": { root, expect in
    // Nobody receives until everything was sent.
    for policy in [OverflowPolicy.dropOldest(beyond: 10), .dropNewest(beyond: 10)] {
      let (sender, receiver) = root.makePipe(of: Int.self, overflow: policy)
      for number in 1...100 { try await sender.send(number) }
      expect.equal(try await sender.balance.dropped, 90)
      sender.finish()
      var seen: [Int] = []
      for try await number in receiver { seen.append(number) }
      expect.equal(seen, policy == .dropOldest(beyond: 10) ? Array(91...100) : Array(1...10))
    }
    let (sender, receiver) = root.makePipe(of: Int.self, overflow: .fail(beyond: 10))
    let error = await expect.thrown(ProcessTreeError.self) {
      for number in 1...11 { try await sender.send(number) }
    }
    expect.equal(error?.code, .queueFull)
    receiver.close()
  },
  // The loop knows the credit; the caller asks it from any thread.
  "trySendAnywhere": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    var sent = 0
    while try await sender.trySend(sent) { sent += 1 }
    expect.expect(sent > 100, "\(sent) taken")
    expect.expect(try await Task.detached { try await !sender.trySend(0) }.value)
    var iterator = receiver.makeAsyncIterator()
    for number in 0..<sent { expect.equal(try await iterator.next(), number) }
    let next = sent
    expect.expect(try await Task.detached { try await sender.trySend(next) }.value)
    expect.equal(try await iterator.next(), sent)
    sender.finish()
    expect.equal(try await iterator.next(), nil)
  },
  "services": { root, expect in
    let (client, service) = root.makeService(of: Int.self, returning: Int.self)
    let (cancelled, told) = root.makePipe(of: Int.self)
    let child = try await root.spawn(Answerer(service: service, cancelled: cancelled))
    service.close()
    for number in 0..<1_000 { expect.equal(try await client.call(number), number * 2) }
    let failure = await expect.thrown(RemoteFailure.self) { _ = try await client.call(-1) }
    expect.equal(failure?.underlying(as: Answerer.Refused.self)?.number, -1)
    var heard = told.makeAsyncIterator()
    let late = Task { try await client.call(-2, timeout: .seconds(1)) }
    expect.equal(try await heard.next(), -3)
    let lateness = await expect.thrown(ProcessTreeError.self) { _ = try await late.value }
    expect.equal(lateness?.code, .deadlinePassed)
    // The handler was cancelled, too: by its own deadline or by the caller.
    expect.equal(try await heard.next(), -2)
    let call = Task { try await client.call(-2) }
    expect.equal(try await heard.next(), -3)
    call.cancel()
    _ = await expect.thrown(CancellationError.self) { _ = try await call.value }
    expect.equal(try await heard.next(), -2)
    let answers = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 1...500 { group.addTask { try await client.call(number) } }
      return try await group.reduce(0, +)
    }
    expect.equal(answers, 500 * 501)
    client.finish()
    expect.equal(try await child.join(), .exited(0))
  },
  "serviceWithoutServers": { root, expect in
    let (client, service) = root.makeService(of: Int.self, returning: Int.self)
    service.close()
    let error = await expect.thrown(ProcessTreeError.self) { _ = try await client.call(1) }
    expect.equal(error?.code, .unreachable)
  },
  "duplexPipe": { root, expect in
    let (here, there) = root.makePipe(sending: Int.self, receiving: Int.self)
    let child = try await root.spawn(Doubler(pipe: there))
    var answers = here.receiver.makeAsyncIterator()
    for number in 1...2_000 {
      try await here.send(number)
      expect.equal(try await answers.next(), number * 2)
    }
    here.finish()
    expect.expect(try await answers.next() == nil)
    expect.equal(try await child.join(), .exited(0))
  },
]

/// Takes all that comes; how much that was, and how much it has missed.
struct CountsWhatItMissed: NodeProgram {
  var receiver: Receiver<Int>
  func run(in node: Node) async throws -> [Int] {
    var got = 0
    for try await _ in receiver { got += 1 }
    return [got, try await receiver.missed]
  }
}

/// Counts words for any caller, in a state of its own.
struct Counts: NodeProgram {
  struct Empty: Error, Codable {}

  var service: Service<String, Int>

  func run(in node: Node) async throws -> [String: Int] {
    try await service.serve(with: [String: Int]()) { counts, word in
      counts[word, default: 0] += 1
      guard !word.isEmpty else { throw Empty() }
      // Others wait for their turn meanwhile.
      let count = counts[word, default: 0]
      await Task.yield()
      if word == "slow" { try await Task.sleep(for: .seconds(60)) }
      precondition(counts[word] == count)
      return count
    }
  }
}
