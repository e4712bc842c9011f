import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

/// Sends numbers over a channel, and words to its parent.
struct Teller: NodeProgram {
  var numbers: Sender<Int>
  var from: Int
  var count: Int

  func run(in node: Node) async throws -> Int {
    for number in from..<(from + count) {
      try await numbers.send(number)
      if number.isMultiple(of: 10) { try await node.parent?.send("\(number)") }
    }
    numbers.finish()
    return count
  }
}

/// What a root may hear of.
private enum News: Equatable, Sendable {
  case piped(Int)
  case given(Int)
  case told(String)
  case ended(String, Int32?)
}

let selectionScenarios: [String: Scenario] = [
  "everySourceIsHeard": { root, expect in
    let (pipe, piped) = root.makePipe(of: Int.self)
    let (sender, given) = root.makeChannel(of: Int.self)
    let first = try await root.spawn(Teller(numbers: pipe, from: 1, count: 500), name: "first")
    let second = try await root.spawn(
      Teller(numbers: sender, from: 1_001, count: 700), name: "second")
    sender.finish()
    var news: [News] = []
    for try await one in root.select([
      .elements(of: piped) { News.piped($0) }, .elements(of: given) { .given($0) },
      .messages(of: try await first.messages(of: String.self)) { .told($0) },
      .messages(of: try await second.messages(of: String.self)) { .told($0) },
      .end(of: first) { .ended("first", $0.exitCode) },
      .end(of: second) { .ended("second", $0.exitCode) },
    ]) {
      news.append(one)
    }
    func those<Value>(_ value: (News) -> Value?) -> [Value] { news.compactMap(value) }
    expect.equal(those { if case .piped(let number) = $0 { number } else { nil } }, Array(1...500))
    expect.equal(
      those { if case .given(let number) = $0 { number } else { nil } }, Array(1_001...1_700))
    let words = those { if case .told(let word) = $0 { Int(word) } else { nil } }
    expect.equal(words.filter { $0 <= 500 }, Array(stride(from: 10, through: 500, by: 10)))
    expect.equal(words.filter { $0 > 500 }, Array(stride(from: 1_010, through: 1_700, by: 10)))
    expect.equal(news.filter { $0 == .ended("first", 0) || $0 == .ended("second", 0) }.count, 2)
    expect.equal(news.count, 500 + 700 + words.count + 2)
  },
  "sourcesTakeTurns": { root, expect in
    let (one, ones) = root.makePipe(of: Int.self)
    let (two, twos) = root.makePipe(of: Int.self)
    for number in 0...50 {
      try await one.send(number)
      try await two.send(-number)
    }
    one.finish()
    two.finish()
    // All of a pipe come in one frame: with its first element the others are here.
    for pipe in [ones, twos] {
      var elements = pipe.makeAsyncIterator()
      expect.equal(try await elements.next(), 0)
    }
    var seen: [Int] = []
    for try await number in root.select([.elements(of: ones) { $0 }, .elements(of: twos) { $0 }]) {
      seen.append(number)
    }
    expect.equal(seen, (1...50).flatMap { [$0, -$0] })
  },
  "aBusySourceKeepsNoOtherFromBeginning": { root, expect in
    let (pipe, busy) = root.makePipe(of: Int.self)
    let (sender, quiet) = root.makeChannel(of: Int.self)
    let filling = Task {
      // There is always something more, until the other source was heard.
      for number in 1... { try await pipe.send(number) }
    }
    defer { filling.cancel() }
    try await sender.send(-1)
    sender.finish()
    var count = 0
    for try await number in root.select([
      .elements(of: busy) { $0 }, .elements(of: quiet) { $0 },
    ]) {
      count += 1
      guard number > 0, count < 5_000_000 else { break }
    }
    expect.expect(count < 5_000_000, "the quiet source was not heard")
  },
  "deliveriesAreAcknowledgedByTheProgram": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let (pipe, piped) = root.makePipe(of: Int.self)
    for number in 1...20 {
      try await sender.send(number)
      try await pipe.send(number)
    }
    sender.finish()
    pipe.finish()
    var held: [Delivery<Int>] = []
    var plain = 0
    for try await delivery in root.select([
      .deliveries(of: receiver) { $0 }, .deliveries(of: piped) { $0 },
    ]) {
      if delivery.id == nil { plain += 1 } else { held.append(delivery) }
      // The channel ends only when all have been acknowledged.
      if held.count + plain == 40 { break }
    }
    expect.equal(plain, 20)
    expect.equal(held.map(\.element), Array(1...20))
    expect.equal(try await sender.balance.acknowledged, 0)
    for delivery in held { delivery.acknowledge() }
    try await sender.join()
    expect.equal(try await sender.balance.acknowledged, 20)
  },
  "whatASelectionLeavesIsThere": { root, expect in
    let (pipe, piped) = root.makePipe(of: Int.self)
    let (sender, given) = root.makeChannel(of: Int.self)
    for number in 1...9 {
      try await pipe.send(number)
      try await sender.send(number)
    }
    pipe.finish()
    sender.finish()
    var seen: [Int] = []
    for try await number in root.select([.elements(of: piped) { $0 }, .elements(of: given) { $0 }])
    {
      seen.append(number)
      if seen.count == 5 { break }
    }
    for try await number in piped { seen.append(number) }
    for try await number in given { seen.append(number) }
    expect.equal(seen.sorted(), (1...9).flatMap { [$0, $0] })
  },
  "aSelectionCanBeCancelled": { root, expect in
    let (pipe, piped) = root.makePipe(of: Int.self)
    let (sender, given) = root.makeChannel(of: Int.self)
    let child = try await root.spawn(Teller(numbers: pipe, from: 0, count: 0))
    try await child.join()
    let (silent, never) = root.makePipe(of: Int.self)
    let waiting = Task {
      for try await _ in root.select([
        .elements(of: never) { $0 }, .elements(of: given) { $0 },
      ]) {}
    }
    try await root.sleep(for: .milliseconds(20))
    waiting.cancel()
    _ = await expect.thrown(CancellationError.self) { try await waiting.value }
    // Nothing that waited takes what comes now.
    try await sender.send(7)
    sender.finish()
    silent.finish()
    var seen: [Int] = []
    for try await number in given { seen.append(number) }
    expect.equal(seen, [7])
    for try await _ in piped { expect.expect(false, "nothing was sent") }
  },
  "selectionsShareASource": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let (pipe, piped) = root.makePipe(of: Int.self)
    let sum = try await withThrowingTaskGroup(of: Int.self) { tasks in
      for _ in 0..<4 {
        tasks.addTask {
          var sum = 0
          for try await number in root.select([
            .elements(of: receiver) { $0 }, .elements(of: piped) { $0 },
          ]) {
            sum += number
            await Task.yield()
          }
          return sum
        }
      }
      for number in 1...1_000 {
        try await sender.send(number)
        try await pipe.send(number)
      }
      sender.finish()
      pipe.finish()
      return try await tasks.reduce(0, +)
    }
    expect.equal(sum, 1_001_000)
    expect.equal(try await sender.balance.acknowledged, 1_000)
  },
  "whatASelectionCannotHear": { root, expect in
    for try await _ in root.select([SelectionSource<Int>]()) { expect.expect(false, "no source") }
    let (pipe, piped) = root.makePipe(of: Int.self)
    let child = try root.makeChild(Teller(numbers: pipe, from: 10, count: 1))
    let early = await expect.thrown(ProcessTreeError.self) {
      for try await _ in root.select([.end(of: child) { $0.pid }]) {}
    }
    expect.equal(early?.code, .notStarted)
    try await child.start()
    // The child sends a text; the error does not end the selection.
    var (errors, seen) = (0, [Int]())
    var events = root.select([
      .messages(of: try await child.messages(of: Int.self)) { $0 },
      .elements(of: piped) { $0 }, .end(of: child) { _ in -1 },
    ]).makeAsyncIterator()
    while true {
      do {
        guard let event = try await events.next() else { break }
        seen.append(event)
      } catch let error as ProcessTreeError where error.code == .messageNotDecodable {
        errors += 1
      }
    }
    expect.equal(errors, 1)
    expect.equal(seen.sorted(), [-1, 10])
    expect.equal(try await events.next(), nil)
  },
  "aSelectionOutlivesASourceThatFails": { root, expect in
    let home = try await root.spawn(Home())
    var messages = try await home.messages(of: Home.Ends.self).makeAsyncIterator()
    guard let ends = try await messages.next() else { return expect.expect(false, "no ends") }
    home.kill()
    try await home.join()
    let (pipe, piped) = root.makePipe(of: Int.self)
    try await pipe.send(5)
    pipe.finish()
    let (moving, moved) = root.makePipe(of: Int.self)
    let adder = try await root.spawn(Summer(receiver: moved))
    let numbers = try await adder.messages(of: Int.self)
    let other = Task { for try await _ in numbers {} }
    // Else the selection receives first, and the other task is refused.
    let waits = try await eventually {
      try await root.explain(.root, within: .patience).waits.contains { $0.kind == .element }
    }
    expect.expect(waits, "the other task does not receive")
    var events = root.select([
      .elements(of: ends.receiver) { $0 }, .elements(of: piped) { $0 },
      .elements(of: moved) { $0 }, .messages(of: numbers) { $0 },
    ]).makeAsyncIterator()
    var (errors, seen) = ([ProcessTreeError.Code](), [Int]())
    while errors.count < 9 {
      do {
        guard let event = try await events.next() else { break }
        seen.append(event)
      } catch let error as ProcessTreeError {
        errors.append(error.code)
      }
    }
    expect.equal(Set(errors), [.channelEnded, .endMoved, .alreadyIterating])
    expect.equal(errors.count, 3)
    expect.equal(seen, [5])
    other.cancel()
    _ = try? await other.value
    moving.finish()
    try await adder.join()
  },
]
