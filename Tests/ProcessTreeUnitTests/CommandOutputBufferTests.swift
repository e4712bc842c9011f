import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

@Suite struct CommandOutputBufferTests {
  private typealias Unit = CommandOutputBuffer.Unit

  /// All items of one form, from pieces that come one after another.
  private func items(_ pieces: [[UInt8]], _ unit: Unit) throws -> [[UInt8]] {
    var buffer = CommandOutputBuffer()
    var items: [[UInt8]] = []
    for piece in pieces {
      buffer.append(piece)
      while let item = try buffer.take(unit, atEnd: false) { items.append(item) }
    }
    while let item = try buffer.take(unit, atEnd: true) { items.append(item) }
    return items
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
      let lines = try items(pieces, .line(limit: 10))
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
      #expect(try items(pieces(lines, &random), .line(limit: 20_000)) == wanted)
      let frames: [UInt8] = wanted.flatMap { prefix($0.count) + $0 }
      #expect(try items(pieces(frames, &random), .frame(limit: 20_000)) == wanted)
      let chunks: [[UInt8]] = try items(pieces(lines, &random), .chunk)
      #expect(chunks.allSatisfy { !$0.isEmpty } && Array(chunks.joined()) == lines)
    }
  }

  @Test func theFormMayChangeFromItemToItem() throws {
    var random = SeededGenerator.announced("theFormMayChangeFromItemToItem")
    for _ in 0..<iterations(150) {
      var buffer = CommandOutputBuffer()
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
        let unit: Unit = isLine ? .line(limit: 3_000) : .frame(limit: 3_000)
        var item: [UInt8]?
        while true {
          item = try buffer.take(unit, atEnd: rest.isEmpty)
          guard item == nil, let next = rest.popFirst() else { break }
          buffer.append(next)
        }
        #expect(item == bytes)
      }
      #expect(buffer.count + rest.joined().count == 0)
    }
  }

  @Test func whatIsTooLongIsRefusedAndStays() throws {
    var buffer = CommandOutputBuffer()
    buffer.append([UInt8]("12345\n".utf8))
    for _ in 0..<2 {
      let error = #expect(throws: CommandError.self) {
        try buffer.take(.line(limit: 4), atEnd: false)
      }
      #expect(error?.code == .lineTooLong)
    }
    #expect(try buffer.take(.line(limit: 5), atEnd: false) == Array("12345".utf8))
    // Also before its end has come: it would only grow.
    buffer.append([UInt8]("12345".utf8))
    #expect(throws: CommandError.self) { try buffer.take(.line(limit: 4), atEnd: false) }
    #expect(try buffer.take(.line(limit: 5), atEnd: false) == nil)
    #expect(try buffer.take(.chunk, atEnd: false) == Array("12345".utf8))
    buffer.append([UInt8](repeating: 255, count: 4))
    let error = #expect(throws: CommandError.self) {
      try buffer.take(.frame(limit: 1 << 31), atEnd: false)
    }
    #expect(error?.code == .frameTooLong)
  }

  @Test func framesThatBreakOffAreErrors() {
    for cut in 1..<9 {
      let bytes = Array((prefix(5) + [1, 2, 3, 4, 5]).prefix(cut))
      let error = #expect(throws: CommandError.self) {
        try items([bytes], .frame(limit: 100))
      }
      #expect(error?.code == .incompleteFrame)
    }
  }
}

extension CommandOutputBuffer {
  /// Takes bytes that were read into space for more.
  fileprivate mutating func append(_ piece: [UInt8]) {
    fill(piece.count * 2 + 1) { space in
      space.copyBytes(from: piece)
      return piece.count
    }
  }
}
