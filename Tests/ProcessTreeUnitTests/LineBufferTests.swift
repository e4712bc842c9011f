import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

@Suite struct LineBufferTests {
  /// The bytes that go on, for each piece of a stream and at its end.
  private func passed(_ pieces: [[UInt8]]) -> [[UInt8]] {
    var buffer = LineBuffer()
    let passed = pieces.map { piece in piece.withUnsafeBytes { buffer.append($0) } }
    return passed + [buffer.finish()]
  }

  @Test(
    arguments: [
      ([""], ["", ""]), (["\n"], ["\n", ""]), (["a"], ["", "a"]), (["a\nb"], ["a\n", "b"]),
      (["a", "b\nc", "\n"], ["", "ab\n", "c\n", ""]), (["a\r\nb\rc\n"], ["a\r\nb\rc\n", ""]),
      (["\0\n\0"], ["\0\n", "\0"]),
    ] as [([String], [String])])
  func wholeLinesGoOn(_ pieces: [String], _ expected: [String]) {
    let passed = passed(pieces.map { Array($0.utf8) })
    #expect(passed.map { String(decoding: $0, as: UTF8.self) } == expected)
  }

  @Test func whatIsLeftIsGivenOnce() {
    var buffer = LineBuffer()
    _ = [UInt8]("ab\nc".utf8).withUnsafeBytes { buffer.append($0) }
    let rests = [buffer.finish(), buffer.finish()]
    #expect(rests == [Array("c".utf8), []])
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

  @Test func noByteIsChangedHoweverTheyCome() {
    var generator = SeededGenerator.announced("noByteIsChangedHoweverTheyCome")
    for _ in 0..<2_000 {
      let bytes = (0..<generator.int(0...200)).map { _ in
        generator.int(0...5) == 0 ? UInt8(ascii: "\n") : UInt8(generator.int(0...255))
      }
      let passed = passed(pieces(bytes, generator.int(1...50), &generator))
      #expect(Array(passed.joined()) == bytes)
      #expect(passed.dropLast().allSatisfy { $0.isEmpty || $0.last == 10 })
    }
  }

  /// Lines about as long as the longest, in pieces about as large as a read.
  @Test(arguments: [-1, 0, 1, 70, LineBuffer.longestLine, 3 * LineBuffer.longestLine + 5])
  func noByteOfALongLineIsChanged(_ excess: Int) {
    var generator = SeededGenerator.announced("noByteOfALongLineIsChanged(\(excess))")
    let long = [UInt8](repeating: 97, count: LineBuffer.longestLine + excess)
    for bytes in [long, long + [10], [98, 10] + long + [10, 99], long + [10] + long] {
      for most in [1_000, 10_000, 64 << 10] {
        let isSame = Array(passed(pieces(bytes, most, &generator)).joined()) == bytes
        #expect(isSame)
      }
    }
  }

  @Test func aStreamWithoutLineEndsStaysBounded() {
    var buffer = LineBuffer()
    let piece = [UInt8](repeating: 97, count: 10_000)
    var given = 0
    for count in 1...100 {
      given += piece.withUnsafeBytes { buffer.append($0) }.count
      #expect(count * 10_000 - given <= LineBuffer.longestLine)
    }
  }
}
