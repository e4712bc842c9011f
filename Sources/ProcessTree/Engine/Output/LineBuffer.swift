/// A buffer that passes bytes on in whole lines, so that lines of several streams do not mix.
///
/// It adds, drops and changes no byte.
package struct LineBuffer {
  /// The most bytes to hold back; a longer line is passed on in pieces.
  package static let longestLine = 64 << 10

  private var rest: [UInt8] = []

  package init() {}

  /// Adds bytes and returns those to pass on: whole lines, or the next piece of a line that is too
  /// long.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
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

  /// Ends the stream and returns its unfinished line, which is empty after a line feed.
  package mutating func finish() -> [UInt8] {
    defer { rest = [] }
    return rest
  }
}
