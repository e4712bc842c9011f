/// Bytes of a stream on their way on, held back until their line is whole, so that lines of several
/// streams do not mix.
///
/// No byte is added, left out or changed.
struct LineBuffer {
  /// A line that is longer than this goes on in pieces, so that a stream without line ends stays
  /// bounded.
  static let longestLine = 64 << 10

  private var rest: [UInt8] = []

  /// Takes bytes and returns what goes on: whole lines with their ends, or the next piece of a line
  /// that is too long.
  mutating func append(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    var whole: [UInt8] = []
    if end > 0 {
      swap(&whole, &rest)
      whole += bytes[..<end]
    }
    rest += bytes[end...]
    if rest.count > Self.longestLine {
      whole += rest
      rest = []
    }
    return whole
  }

  /// What is left when the stream has ended; empty when it ended with a line end.
  mutating func finish() -> [UInt8] {
    defer { rest = [] }
    return rest
  }
}
