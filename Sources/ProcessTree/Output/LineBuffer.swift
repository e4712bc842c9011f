/// Bytes of a stream on their way to becoming lines.
struct LineBuffer {
  /// A line that grows beyond this is cut there, so that a stream without line ends stays bounded.
  static let longestLine = 64 << 10

  private var rest: [UInt8] = []

  /// Takes bytes and returns the lines that they complete, each without its line end.
  mutating func append(_ bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      rest.append(contentsOf: bytes[start..<end])
      lines.append(rest)
      rest.removeAll()
      start = end + 1
    }
    rest.append(contentsOf: bytes[start...])
    while rest.count >= Self.longestLine {
      lines.append(Array(rest.prefix(Self.longestLine)))
      rest.removeFirst(Self.longestLine)
    }
    return lines
  }

  /// What is left when the stream has ended; nil when it ended with a line end.
  mutating func finish() -> [UInt8]? {
    guard !rest.isEmpty else { return nil }
    defer { rest = [] }
    return rest
  }
}
