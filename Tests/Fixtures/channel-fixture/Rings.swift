import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// The memory of rings that this process writes, as the kernel shows it.
struct OwnRings {
  private static let size = 33 * 4_096

  /// Where each begins.
  static var places: [UInt] {
    guard let file = fopen("/proc/self/maps", "re") else { return [] }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4_096)
    var places: [UInt] = []
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.contains(" rw-s "), text.contains("memfd:process-tree") else { continue }
      let ends = text.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
      if ends.count == 2, ends[1] - ends[0] == Self.size { places.append(ends[0]) }
    }
    return places
  }

  /// Writes over all of them what no node writes.
  static func scribble(_ byte: UInt8, from offset: Int, count: Int) {
    for place in places {
      guard let start = UnsafeMutableRawPointer(bitPattern: place) else { continue }
      memset(start + offset, Int32(byte), count)
    }
  }
}

/// Sends back what it gets, and last the number of its rings.
struct Echoer: NodeProgram {
  var numbers: Receiver<Int>
  var back: Sender<Int>

  func run(in node: Node) async throws -> Int {
    for try await number in numbers { try await back.send(number) }
    return OwnRings.places.count
  }
}

/// Exchanges messages with its parent, and then writes what it must not.
struct Scribbler: NodeProgram {
  var numbers: Receiver<Int>
  var back: Sender<Int>
  var byte: UInt8
  var offset: Int
  var count: Int

  func run(in node: Node) async throws {
    for try await number in numbers {
      if number < 0 { OwnRings.scribble(byte, from: offset, count: count) }
      try await back.send(number)
    }
  }
}

/// A node with a pipe in each direction.
private struct Partner {
  let child: Child<Int>
  let out: Sender<Int>
  var answers: Receiver<Int>.AsyncIterator

  init(of root: Node) async throws {
    let (out, numbers) = root.makePipe(of: Int.self)
    let (back, answers) = root.makePipe(of: Int.self)
    child = try await root.spawn(Echoer(numbers: numbers, back: back))
    self.out = out
    self.answers = answers.makeAsyncIterator()
  }

  /// Numbers there and back, one at a time.
  mutating func exchange(_ count: Int) async throws -> Bool {
    for number in 0..<count {
      try await out.send(number)
      guard try await answers.next() == number else { return false }
    }
    return true
  }
}

let ringScenarios: [String: Scenario] = [
  "framesGoThroughRings": { root, expect in
    var partner = try await Partner(of: root)
    expect.expect(try await partner.exchange(1_000))
    expect.equal(OwnRings.places.count, 1)
    partner.out.finish()
    expect.equal(try await partner.child.result, 1)
    // Between two nodes neither of which is the other's parent.
    let (out, numbers) = root.makePipe(of: Int.self)
    let (back, answers) = root.makePipe(of: Int.self)
    let echoer = try await root.spawn(Echoer(numbers: numbers, back: back))
    let asker = try await root.spawn(Asker(out: out, answers: answers, count: 1_000))
    expect.equal(try await asker.result, 1)
    expect.equal(try await echoer.result, 1)
  },
  "linksThatCarryLittleHaveNoRings": { root, expect in
    var partner = try await Partner(of: root)
    expect.expect(try await partner.exchange(10))
    expect.equal(OwnRings.places.count, 0)
    partner.out.finish()
    expect.equal(try await partner.child.result, 0)
  },
  "aPeerThatScribblesIntoItsRingIsNamed": { root, expect in
    // The word of a writer, that of a reader, and all.
    for (byte, offset, count) in [(0xFF, 0, 8), (0x41, 64, 8), (0x10, 0, 4_096)] {
      let (out, numbers) = root.makePipe(of: Int.self)
      let (back, answers) = root.makePipe(of: Int.self)
      let child = try await root.spawn(
        Scribbler(
          numbers: numbers, back: back, byte: UInt8(byte), offset: offset, count: count))
      var taken = answers.makeAsyncIterator()
      for number in 1...1_000 {
        try await out.send(number)
        expect.equal(try await taken.next(), number)
      }
      try await out.send(-1)
      // Until the next frame in the direction that has been tampered with.
      while (try? await out.send(-1)) != nil, (try? await taken.next()) != nil {}
      let error = await expect.thrown(RemoteFailure.self) { try await child.result }
      expect.expect(
        "\(error, default: "")".contains("its data connection broke the protocol (its ring "),
        "\(offset): \(error, default: "no failure")")
    }
  },
  // Stops and kills at random moments, in the middle of frames that go through rings.
  "nobodyWaitsForAStoppedPeer": { root, expect in
    var random = SeededGenerator.announced("stopped peers")
    var witness = try await Partner(of: root)
    for _ in 0..<argument(2, default: 12) {
      let (out, numbers) = root.makePipe(of: Int.self)
      let (back, answers) = root.makePipe(of: Int.self)
      let victim = try await root.spawn(Echoer(numbers: numbers, back: back))
      guard let pid = victim.pid else { return expect.expect(false) }
      let received = Task {
        var count = 0
        for try await number in answers {
          guard number == count else { return -1 }
          count += 1
        }
        return count
      }
      let count = 10_000
      let sent = Task {
        for number in 0..<count { try await out.send(number) }
        out.finish()
      }
      try await Task.sleep(for: .microseconds(random.int(0...30_000)))
      kill(pid, SIGSTOP)
      expect.expect(try await witness.exchange(100))
      let isKilled = random.bool()
      kill(pid, isKilled ? SIGKILL : SIGCONT)
      let (failure, total) = (await sent.result, try await received.value)
      expect.expect((0...count).contains(total))
      guard !isKilled else {
        try await victim.join()
        continue
      }
      expect.expect((try? failure.get()) != nil)
      expect.equal(total, count)
      try await victim.join()
    }
    witness.out.finish()
    expect.equal(try await witness.child.result, 1)
  },
  // Rings leave no descriptor and no memory behind.
  "ringsEndWithTheirLinks": { root, expect in
    func once() async throws {
      var partner = try await Partner(of: root)
      expect.expect(try await partner.exchange(500))
      partner.out.finish()
      _ = try await partner.child.result
    }
    try await once()
    let before = await ResourceAudit.atRest()
    for _ in 0..<5 { try await once() }
    await expect.nothingLeft(since: before)
    expect.expect(try await eventually { OwnRings.places.isEmpty })
  },
]

/// Asks and awaits the answer; its result is the number of rings that it has.
struct Asker: NodeProgram {
  var out: Sender<Int>
  var answers: Receiver<Int>
  var count: Int

  func run(in node: Node) async throws -> Int {
    var taken = answers.makeAsyncIterator()
    for number in 0..<count {
      try await out.send(number)
      guard try await taken.next() == number else { return -1 }
    }
    out.finish()
    return OwnRings.places.count
  }
}
