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
      add(bytes[start..<end], to: &lines)
      lines.append(rest)
      rest = []
      start = end + 1
    }
    add(bytes[start...], to: &lines)
    return lines
  }

  /// Adds bytes without a line end to the line that is growing, and cuts it as often as need be.
  private mutating func add(_ bytes: Slice<UnsafeRawBufferPointer>, to lines: inout [[UInt8]]) {
    var bytes = bytes
    while rest.count + bytes.count > Self.longestLine {
      let head = bytes.prefix(Self.longestLine - rest.count)
      lines.append(rest + head)
      rest = []
      bytes = bytes.dropFirst(head.count)
    }
    rest.append(contentsOf: bytes)
  }

  /// What is left when the stream has ended; nil when it ended with a line end.
  mutating func finish() -> [UInt8]? {
    guard !rest.isEmpty else { return nil }
    defer { rest = [] }
    return rest
  }
}
