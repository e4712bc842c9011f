internal import DequeModule

/// Bytes that wait for a stream to take them.
///
/// Small frames are joined, so that one call writes them. Large ones stay as they are: the link
/// keeps them, too, and a copy would cost as much as a call.
struct WriteQueue {
  /// The size from which a frame, or what was joined, stays as it is.
  private static let largeSize = 16 << 10

  private var pieces: Deque<[UInt8]> = []
  /// How many bytes of the first piece have been written.
  private var written = 0
  /// The bytes that wait.
  private(set) var count = 0

  mutating func append(_ frame: [UInt8]) {
    guard !frame.isEmpty else { return }
    count += frame.count
    let last = pieces.count - 1
    if frame.count < Self.largeSize, last >= 0, pieces[last].count < Self.largeSize {
      pieces[last] += frame
    } else {
      pieces.append(frame)
    }
  }

  /// Calls a closure with bytes that are next; there are some.
  func withNext<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let start = written
    return try pieces[0].withUnsafeBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[start...]))
    }
  }

  /// So many of the bytes that were next have been written.
  mutating func remove(_ count: Int) {
    self.count -= count
    written += count
    guard written == pieces[0].count else { return }
    pieces.removeFirst()
    written = 0
  }
}
