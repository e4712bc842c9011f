import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import Synchronization

struct Note: Codable, Sendable, Equatable {
  var number: Int
  var bytes: [UInt8] = []
}

/// Sends back what it gets, until the parent sends nothing more.
struct Mirror: NodeProgram {
  var count: Int
  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    var left = count
    for try await note in try await parent.messages(of: Note.self) {
      try await parent.send(note)
      left -= 1
      if left == 0 { return }
    }
  }
}

/// Sends many notes and ends.
struct Source: NodeProgram {
  var count: Int
  var size: Int = 0
  func run(in node: Node) async throws {
    for number in 0..<count {
      try await node.parent?.send(Note(number: number, bytes: [UInt8](repeating: 1, count: size)))
    }
  }
}

/// Takes notes slowly and returns how many came in order.
struct Sink: NodeProgram {
  var count: Int
  var pause: Int
  func run(in node: Node) async throws -> Int {
    var next = 0
    guard let notes = try await node.parent?.messages(of: Note.self) else { return -1 }
    for try await note in notes {
      guard note.number == next else { return -2 }
      next += 1
      if pause > 0, next % 1_000 == 0 { try await Task.sleep(for: .milliseconds(Int64(pause))) }
      if next == count { break }
    }
    return next
  }
}

let messageScenarios: [String: Scenario] = [
  "roundTrips": { root, test in
    let notes = (0..<500).map { Note(number: $0, bytes: [UInt8](repeating: 7, count: $0 * 13)) }
    let child = try await root.spawn(Mirror(count: notes.count))
    var iterator = try await child.messages(of: Note.self).makeAsyncIterator()
    for note in notes {
      try await child.send(note)
      test.equal(try await iterator.next(), note)
    }
    try await child.result
    test.expect(try await iterator.next() == nil)
  },
  "largeAndEmptyMessages": { root, test in
    let sizes = [0, 1, 16 << 20, 0, 300_000, (256 << 10) + 1, 64 << 20]
    let child = try await root.spawn(Mirror(count: sizes.count))
    var iterator = try await child.messages(of: Note.self).makeAsyncIterator()
    for (number, size) in sizes.enumerated() {
      let note = Note(number: number, bytes: [UInt8](repeating: UInt8(number), count: size))
      try await child.send(note)
      test.expect(try await iterator.next() == note, "\(size)")
    }
    try await child.result
  },
  "floodUp": { root, test in
    let child = try await root.spawn(Source(count: 100_000))
    var next = 0
    for try await note in try await child.messages(of: Note.self) {
      test.equal(note.number, next)
      next += 1
    }
    test.equal(next, 100_000)
    try await child.result
  },
  "floodDownToSlowSink": { root, test in
    let child = try await root.spawn(Sink(count: 100_000, pause: 5))
    for number in 0..<100_000 { try await child.send(Note(number: number)) }
    test.equal(try await child.result, 100_000)
  },
  "senderWaitsForReceiver": { root, test in
    // The child never reads: the sender must suspend with little under way, and fail at its end.
    for size in [10_000, 300_000, 3_000_000] {
      let child = try await root.spawn(Sleeper())
      let count = Mutex(0)
      let sender = Task {
        var sent = 0
        do {
          while true {
            try await child.send(Note(number: sent, bytes: [UInt8](repeating: 0, count: size)))
            sent += 1
            count.withLock { $0 = sent }
          }
        } catch { return (sent, "\(error)") }
      }
      // It has stopped sending: it waits.
      test.expect(try await comesToRest { count.withLock(\.self) })
      child.kill()
      let (sent, error) = await sender.value
      test.expect(sent > 0 && sent * size < 5_000_000, "\(sent) of \(size)")
      test.expect(error.contains("ended"), error)
    }
  },
  "finishedSending": { root, test in
    let child = try await root.spawn(Sink(count: 1_000, pause: 0))
    for number in 0..<10 { try await child.send(Note(number: number)) }
    try child.finishSending()
    test.equal(try await child.result, 10)
    let late = await test.thrown(ProcessTreeError.self) { try await child.send(Note(number: 11)) }
    test.equal(late?.code, .unreachable)
  },
  "shortLivedSender": { root, test in
    // What a child sends just before its end is there, however late somebody asks.
    for _ in 0..<100 {
      let child = try await root.spawn(Source(count: 3))
      try await child.result
      var numbers: [Int] = []
      for try await note in try await child.messages(of: Note.self) { numbers.append(note.number) }
      test.equal(numbers, [0, 1, 2])
    }
  },
  "stopWhileFlooded": { root, test in
    // Data waits, and control does not wait behind it.
    let child = try await root.spawn(Source(count: 10_000_000, size: 1_000))
    test.expect(try await comesToRest { processorTime(of: child.pid) })
    let start = ContinuousClock.now
    test.equal(try await child.stop(), .exited(0))
    test.expect(start.duration(to: .now) < .patience, "\(start.duration(to: .now))")
  },
  "undecodableMessage": { root, test in
    let child = try await root.spawn(Source(count: 3))
    var strings = try await child.messages(of: String.self).makeAsyncIterator()
    let error = await test.thrown(ProcessTreeError.self) { _ = try await strings.next() }
    test.equal(error?.code, .messageNotDecodable)
    var notes = try await child.messages(of: Note.self).makeAsyncIterator()
    test.equal(try await notes.next(), Note(number: 1))
  },
  "messagesAfterTheEnd": { root, test in
    let child = try await root.spawn(Source(count: 10))
    let messages = try await child.messages(of: Note.self)
    try await child.result
    var count = 0
    for try await _ in messages { count += 1 }
    test.equal(count, 10)
    let error = await test.thrown(ProcessTreeError.self) { try await child.send(1) }
    test.equal(error?.code, .unreachable)
  },
  "cancelledReceive": { root, test in
    let child = try await root.spawn(Sleeper())
    let receiver = Task {
      var iterator = try await child.messages(of: Note.self).makeAsyncIterator()
      return try await iterator.next()
    }
    try await Task.sleep(for: .milliseconds(50))
    receiver.cancel()
    _ = await test.thrown(CancellationError.self) { _ = try await receiver.value }
    child.kill()
    _ = try await child.join()
  },
]
