import RandomTesting
import Testing

@testable import ProcessTree

@Suite struct LineBufferTests {
  /// The lines of some pieces of one stream.
  private func lines(_ pieces: [[UInt8]]) -> [[UInt8]] {
    var buffer = LineBuffer()
    var lines = pieces.flatMap { piece in piece.withUnsafeBytes { buffer.append($0) } }
    if let rest = buffer.finish() { lines.append(rest) }
    return lines
  }

  private func texts(_ text: String) -> [String] {
    lines([Array(text.utf8)]).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: [
    ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]),
    ("\n\na\n\n", ["", "", "a", ""]), ("a\r\nb\rc\n", ["a\r", "b\rc"]), ("\0\n\0", ["\0", "\0"]),
  ])
  func linesEndWithALineFeed(_ text: String, _ expected: [String]) {
    #expect(texts(text) == expected)
  }

  @Test func whatIsLeftIsGivenOnce() {
    var buffer = LineBuffer()
    let lines = [UInt8]("ab\nc".utf8).withUnsafeBytes { buffer.append($0) }
    #expect(lines == [Array("ab".utf8)])
    let rests = [buffer.finish(), buffer.finish()]
    #expect(rests == [Array("c".utf8), nil])
  }

  /// Cuts bytes anywhere, also into pieces of nothing.
  private func pieces(_ bytes: [UInt8], _ most: Int, _ generator: inout SeededGenerator)
    -> [[UInt8]]
  {
    var rest = bytes[...]
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      let size = generator.int(0...most)
      pieces.append(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    return pieces
  }

  @Test func anySplitGivesTheSameLines() {
    var generator = SeededGenerator.announced("anySplitGivesTheSameLines")
    for _ in 0..<2_000 {
      let bytes = (0..<generator.int(0...200)).map { _ in
        generator.int(0...5) == 0 ? UInt8(ascii: "\n") : UInt8(generator.int(0...255))
      }
      let whole = lines([bytes])
      #expect(lines(pieces(bytes, generator.int(1...50), &generator)) == whole)
      #expect(lines(bytes.map { [$0] }) == whole)
      let text = Array(whole.joined(separator: [10]))
      #expect(text == (bytes.last == 10 ? bytes.dropLast() : bytes))
    }
  }

  /// Lines about as long as the longest, in pieces about as large as a read.
  @Test(arguments: [-1, 0, 1, 70, LineBuffer.longestLine, LineBuffer.longestLine + 1])
  func anySplitGivesTheSameLongLines(_ excess: Int) {
    var generator = SeededGenerator.announced("anySplitGivesTheSameLongLines(\(excess))")
    let long = [UInt8](repeating: 97, count: LineBuffer.longestLine + excess)
    let bytes = [98, 10] + long + [10, 99]
    let whole = lines([bytes])
    // A piece that ends just before the line's end.
    let atEnd = lines([[98, 10] + long, [10, 99]])
    #expect(atEnd.map(\.count) == whole.map(\.count))
    for most in [1_000, 10_000, 64 << 10] {
      let split = lines(pieces(bytes, most, &generator))
      #expect(split.map(\.count) == whole.map(\.count))
      let isSame = split == whole
      #expect(isSame)
    }
  }

  @Test func noLineIsLongerThanTheLongest() {
    let long = [UInt8](repeating: 97, count: 3 * LineBuffer.longestLine + 5)
    for bytes in [long, long + [10], [10] + long + [10] + long] {
      let counts = lines([bytes]).map(\.count)
      #expect(counts.allSatisfy { $0 <= LineBuffer.longestLine })
      #expect(counts.reduce(0, +) == bytes.count { $0 == 97 })
    }
  }

  @Test func aStreamWithoutLineEndsStaysBounded() {
    var buffer = LineBuffer()
    let piece = [UInt8](repeating: 97, count: 10_000)
    var given = 0
    for count in 1...100 {
      let lines = piece.withUnsafeBytes { buffer.append($0) }
      given += lines.reduce(0) { $0 + $1.count }
      #expect(count * 10_000 - given < LineBuffer.longestLine)
    }
  }
}
