import ProcessTreeBase
import ProcessTreeRandomTesting
import Testing

@Suite struct RecordSplitterTests {
  /// All records of one framing, from pieces that come one after another.
  private func records(
    _ pieces: [[UInt8]], _ framing: RecordFraming, limit: Int = 20_000
  ) throws -> [[UInt8]] {
    var splitter = RecordSplitter()
    var records: [[UInt8]] = []
    for (index, piece) in pieces.enumerated() {
      index % 2 == 0 ? splitter.read(piece) : splitter.append(piece)
      while let record = try splitter.next(framing, limit: limit) { records.append(record) }
    }
    while let record = try splitter.next(framing, limit: limit, atEnd: true) {
      records.append(record)
    }
    return records
  }

  private func pieces(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
    var rest = bytes[...]
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      let count = min(rest.count, random.int(0...random.int(1...9_000)))
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return pieces
  }

  private func prefix(_ count: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(count).littleEndian, Array.init)
  }

  @Test(arguments: [
    ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]),
    ("\n\na\n\n", ["", "", "a", ""]), ("a\r\nb", ["a\r", "b"]),
  ])
  func linesEndWithALineFeedOrTheOutput(_ text: String, _ expected: [String]) throws {
    for pieces in [[Array(text.utf8)], text.utf8.map { [$0] }] {
      let lines = try records(pieces, .lines, limit: 10)
      #expect(lines.map { String(decoding: $0, as: UTF8.self) } == expected)
    }
  }

  @Test func linesAndFramesComeOutAsTheyWentIn() throws {
    var random = SeededGenerator.announced("linesAndFramesComeOutAsTheyWentIn")
    for _ in 0..<iterations(150) {
      let wanted: [[UInt8]] = (0..<random.int(0...20)).map { _ in
        random.bytes(random.int(0...random.int(0...20_000))).map { $0 == 10 ? 11 : $0 }
      }
      let lines: [UInt8] = wanted.flatMap { $0 + [10] }
      #expect(try records(pieces(lines, &random), .lines) == wanted)
      let frames: [UInt8] = wanted.flatMap { prefix($0.count) + $0 }
      #expect(try records(pieces(frames, &random), .length) == wanted)
      let chunks: [[UInt8]] = try records(pieces(lines, &random), .bytes)
      #expect(chunks.allSatisfy { !$0.isEmpty } && Array(chunks.joined()) == lines)
    }
  }

  @Test func theFormMayChangeFromItemToItem() throws {
    var random = SeededGenerator.announced("theFormMayChangeFromItemToItem")
    for _ in 0..<iterations(150) {
      var splitter = RecordSplitter()
      var wanted: [(isLine: Bool, bytes: [UInt8])] = []
      var all: [UInt8] = []
      for _ in 0..<random.int(1...30) {
        let isLine = random.bool()
        // Frames hold line feeds, which are none.
        let bytes = random.bytes(random.int(0...3_000)).map { isLine && $0 == 10 ? 0 : $0 }
        wanted.append((isLine, bytes))
        all += isLine ? bytes + [10] : prefix(bytes.count) + bytes
      }
      var rest = pieces(all, &random)[...]
      for (isLine, bytes) in wanted {
        let framing: RecordFraming = isLine ? .lines : .length
        var item: [UInt8]?
        while true {
          item = try splitter.next(framing, limit: 3_000, atEnd: rest.isEmpty)
          guard item == nil, let next = rest.popFirst() else { break }
          splitter.read(next)
        }
        #expect(item == bytes)
      }
      #expect(splitter.count + rest.joined().count == 0)
    }
  }

  @Test func aRecordThatIsTooLongIsRefusedAndStays() throws {
    var splitter = RecordSplitter()
    splitter.append([UInt8]("12345\n".utf8))
    for _ in 0..<2 {
      #expect(throws: RecordFailure.tooLong(nil, limit: 4)) { try splitter.next(.lines, limit: 4) }
    }
    #expect(try splitter.next(.lines, limit: 5) == Array("12345".utf8))
    // Also before its end has come: it would only grow.
    splitter.append([UInt8]("12345".utf8))
    #expect(throws: RecordFailure.tooLong(nil, limit: 4)) { try splitter.next(.lines, limit: 4) }
    #expect(try splitter.next(.lines, limit: 5) == nil)
    #expect(try splitter.next(.bytes) == Array("12345".utf8))
    splitter.append([UInt8](repeating: 255, count: 4))
    #expect(throws: RecordFailure.tooLong(0xFFFF_FFFF, limit: 1 << 31)) {
      try splitter.next(.length, limit: 1 << 31)
    }
  }

  @Test func recordsThatBreakOffAreErrors() {
    for cut in 1..<9 {
      let bytes = Array((prefix(5) + [1, 2, 3, 4, 5]).prefix(cut))
      let failure: RecordFailure = cut < 4 ? .incompleteLength(cut) : .incomplete(cut - 4, of: 5)
      #expect(throws: failure) { try records([bytes], .length) }
    }
  }

  /// The place up to which one end was not found shows nothing of another one.
  @Test func eachEndIsSearchedForFromTheBeginning() throws {
    var splitter = RecordSplitter()
    splitter.append([1, 0, 2])
    #expect(try splitter.next(.lines) == nil)
    #expect(try splitter.next(.nul) == [1])
    splitter.append([10, 3])
    #expect(try splitter.next(.nul) == nil)
    #expect(try splitter.next(.lines) == [2])
    #expect(try splitter.next(.nul, atEnd: true) == [3])
  }

  @Test func aRecordIsReadInItsPlace() throws {
    var splitter = RecordSplitter()
    splitter.append([UInt8]("a\nbc\nd".utf8))
    var lines: [String] = []
    while let place = try splitter.nextPlace(.lines, atEnd: true) {
      lines.append(String(decoding: splitter[place], as: UTF8.self))
    }
    #expect(lines == ["a", "bc", "d"] && splitter.count == 0)
  }
}

extension RecordSplitter {
  /// Takes bytes that were read into space for more.
  fileprivate mutating func read(_ piece: [UInt8]) {
    fill(piece.count * 2 + 1) { space in
      space.copyBytes(from: piece)
      return piece.count
    }
  }
}
