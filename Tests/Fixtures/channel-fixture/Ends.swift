import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// Waits, having an end that it may never use.
struct Holder: NodeProgram {
  var sender: Sender<Int>?
  var receiver: Receiver<Int>?

  func run(in node: Node) async throws { try await Task.sleep(for: .seconds(60)) }
}

/// Gets a sender in a message and sends one number with it.
struct LateSender: NodeProgram {
  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    for try await sender in try await parent.messages(of: Sender<Int>.self) {
      try await sender.send(1)
      sender.finish()
    }
  }
}

/// Sends one number with each sender that it gets.
struct SenderOfSenders: NodeProgram {
  var senders: Receiver<Sender<Int>>

  func run(in node: Node) async throws {
    for try await sender in senders {
      try await sender.send(1)
      sender.finish()
    }
  }
}

/// Hands what it has to a child of its own, as a program between two levels does.
struct Between: NodeProgram {
  var depth: Int
  var receiver: Receiver<Int>

  func run(in node: Node) async throws -> [Int] {
    guard depth > 0 else { return try await node.spawn(Summer(receiver: receiver)).result }
    return try await node.spawn(Between(depth: depth - 1, receiver: receiver)).result
  }
}

/// Takes nothing.
struct DeafToSenders: NodeProgram {
  var senders: Receiver<Sender<Int>>

  func run(in node: Node) async throws { try await Task.sleep(for: .seconds(60)) }
}

/// Cannot be encoded, after an end in it has been.
struct Unsendable: Codable, Sendable {
  struct Never: Codable, Sendable {
    func encode(to encoder: any Encoder) throws {
      throw EncodingError.invalidValue(self, .init(codingPath: [], debugDescription: "never"))
    }
  }

  var sender: Sender<Int>
  var never = Never()
}

/// Makes a channel, hands both of its ends up and waits.
struct Home: NodeProgram {
  struct Ends: Codable, Sendable {
    var sender: Sender<Int>
    var receiver: Receiver<Int>
  }

  func run(in node: Node) async throws {
    let (sender, receiver) = node.makeChannel(of: Int.self)
    try await node.parent?.send(Ends(sender: sender, receiver: receiver))
    sender.finish()
    receiver.close()
    try await Task.sleep(for: .seconds(60))
  }
}

let endScenarios: [String: Scenario] = [
  "receiverEndsWhenItsSenderIsKilled": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let child = try await root.spawn(Holder(sender: sender))
    child.kill()
    var iterator = receiver.makeAsyncIterator()
    expect.expect(try await iterator.next() == nil)
  },
  "senderFailsWhenItsReceiverIsKilled": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let child = try await root.spawn(Holder(receiver: receiver))
    let error = await expect.thrown(ProcessTreeError.self) {
      for number in 1... {
        try await sender.send(number)
        if number == 1_000 { child.kill() }
      }
    }
    expect.equal(error?.code, .unreachable)
  },
  "endsInFlightDieWithTheirCarrier": { root, expect in
    // Made and never started.
    var (sender, receiver) = root.makePipe(of: Int.self)
    do { _ = try root.makeChild(Holder(sender: sender)) }
    var iterator = receiver.makeAsyncIterator()
    expect.expect(try await iterator.next() == nil, "never started")
    // Killed before it could decode.
    (sender, receiver) = root.makePipe(of: Int.self)
    let child = try root.makeChild(Holder(sender: sender))
    async let start: Void = child.start()
    while child.pid == nil && child.phase < .exited { await Task.yield() }
    child.kill()
    _ = try? await start
    iterator = receiver.makeAsyncIterator()
    expect.expect(try await iterator.next() == nil, "killed while starting")
    // In a message that nobody took.
    let (work, results) = root.makeChannel(of: Int.self)
    let deaf = try await root.spawn(Holder())
    try await deaf.send(work)
    work.finish()
    deaf.kill()
    iterator = results.makeAsyncIterator()
    expect.expect(try await iterator.next() == nil, "in a message")
    // In a message that could not be encoded.
    let (other, others) = root.makeChannel(of: Int.self)
    let second = try await root.spawn(Holder())
    _ = await expect.thrown(ProcessTreeError.self) {
      try await second.send(Unsendable(sender: other))
    }
    other.finish()
    iterator = others.makeAsyncIterator()
    expect.expect(try await iterator.next() == nil, "not encoded")
    second.kill()
    try await second.join()
  },
  "endsTravelInMessages": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let children = try await withThrowingTaskGroup(of: AnyChild.self) { group in
      for _ in 1...4 { group.addTask { try await root.spawn(LateSender()) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for child in children {
      try await child.send(sender)
      try child.finishSending()
    }
    sender.finish()
    var count = 0
    for try await number in receiver { count += number }
    expect.equal(count, 4)
    for child in children { expect.equal(try await child.join(), .exited(0)) }
  },
  "endsTravelInElements": { root, expect in
    let (senders, taken) = root.makePipe(of: Sender<Int>.self)
    let child = try await root.spawn(SenderOfSenders(senders: taken))
    let (sender, receiver) = root.makeChannel(of: Int.self)
    for _ in 1...5 { try await senders.send(sender) }
    sender.finish()
    var count = 0
    for try await number in receiver {
      count += number
      if count == 5 { senders.finish() }
    }
    expect.equal(count, 5)
    expect.equal(try await child.join(), .exited(0))
    // With an element that nobody took, the end in it is gone.
    let (more, unheard) = root.makePipe(of: Sender<Int>.self)
    let deaf = try await root.spawn(DeafToSenders(senders: unheard))
    let (other, others) = root.makePipe(of: Int.self)
    try await more.send(other)
    deaf.kill()
    var iterator = others.makeAsyncIterator()
    expect.expect(try await iterator.next() == nil)
    try await deaf.join()
  },
  "endsPassThroughNodesThatDoNotUseThem": { root, expect in
    for kind in ["pipe", "work"] {
      let (sender, receiver) =
        kind == "pipe" ? root.makePipe(of: Int.self) : root.makeChannel(of: Int.self)
      let child = try await root.spawn(Between(depth: 2, receiver: receiver))
      if kind == "work" { receiver.close() }
      for number in 1...1_000 { try await sender.send(number) }
      sender.finish()
      expect.equal(try await child.result, [1_000, 500_500])
    }
  },
  "pipeEndsMoveOnce": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let child = try await root.spawn(Producer(sender: sender, count: 3))
    let again = await expect.thrown(ProcessTreeError.self) {
      _ = try root.makeChild(Producer(sender: sender, count: 3))
    }
    expect.equal(again?.code, .endMoved)
    let used = await expect.thrown(ProcessTreeError.self) { try await sender.send(1) }
    expect.equal(used?.code, .endMoved)
    var total = 0
    for try await number in receiver { total += number }
    expect.equal(total, 6)
    try await child.join()
  },
  "receiversThatComeTooLateFindTheEnd": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let late = try root.makeChild(Summer(receiver: receiver))
    try await sender.send(1)
    sender.finish()
    var count = 0
    for try await _ in receiver { count += 1 }
    receiver.close()
    try await late.start()
    expect.equal(try await late.result, [0, 0])
    let later = try await root.spawn(Summer(receiver: receiver))
    expect.equal(try await later.result, [0, 0])
    expect.equal(count, 1)
  },
  "homeIsKilled": { root, expect in
    let home = try await root.spawn(Home())
    var messages = try await home.messages(of: Home.Ends.self).makeAsyncIterator()
    guard let ends = try await messages.next() else { return expect.expect(false, "no ends") }
    let summer = try await root.spawn(Summer(receiver: ends.receiver))
    ends.receiver.close()
    for number in 1...100 { try await ends.sender.send(number) }
    try await ends.sender.join()
    home.kill()
    try await home.join()
    // Those who are in go on.
    for number in 101...1_000 { try await ends.sender.send(number) }
    // Nobody else gets in.
    let late = try await root.spawn(Summer(receiver: ends.receiver))
    let refused = await expect.thrown(RemoteFailure.self) { _ = try await late.result }
    expect.equal(refused?.underlying(as: ProcessTreeError.self)?.code, .channelEnded)
    ends.sender.finish()
    expect.equal(try await summer.result, [1_000, 500_500])
  },
  "producerWhoseNodeEndsDeliversFirst": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self)
    // More than fits under way: the node has to stay until all is acknowledged.
    let child = try await root.spawn(Producer(sender: sender, count: 100_000))
    sender.finish()
    var total = 0
    for try await number in receiver { total += number }
    expect.equal(total, 100_000 * 100_001 / 2)
    expect.equal(try await child.join(), .exited(0))
  },
  "endsOutsideOfMessagesAreRefused": { root, expect in
    let (sender, receiver) = root.makePipe(of: Int.self)
    var error: (any Error)?
    do {
      _ = try Offline.encode(sender)
    } catch let caught { error = caught }
    expect.expect(error is EncodingError, "\(String(describing: error))")
    receiver.close()
    sender.finish()
  },
  "twoHundredChannels": { root, expect in
    let pairs = (0..<200).map { _ in root.makePipe(of: Int.self) }
    let child = try await root.spawn(Many(receivers: pairs.map(\.receiver)))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, pair) in pairs.enumerated() {
        group.addTask {
          for number in 1...50 { try await pair.sender.send(number * index) }
          pair.sender.finish()
        }
      }
      try await group.waitForAll()
    }
    expect.equal(try await child.result, (0..<200).map { $0 * 1_275 })
  },
]

/// Adds up each of many channels.
struct Many: NodeProgram {
  var receivers: [Receiver<Int>]

  func run(in node: Node) async throws -> [Int] {
    try await withThrowingTaskGroup(of: (Int, Int).self) { group in
      for (index, receiver) in receivers.enumerated() {
        group.addTask {
          var total = 0
          for try await number in receiver { total += number }
          return (index, total)
        }
      }
      return try await group.reduce(into: [Int](repeating: 0, count: receivers.count)) {
        $0[$1.0] = $1.1
      }
    }
  }
}

/// An encoder that sends nothing anywhere.
enum Offline {
  struct Refusing: Encoder {
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      fatalError("an end must not be encoded here")
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
      fatalError("an end must not be encoded here")
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
      fatalError("an end must not be encoded here")
    }
  }

  static func encode(_ value: some Encodable) throws { try value.encode(to: Refusing()) }
}
