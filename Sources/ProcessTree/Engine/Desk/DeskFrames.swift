package import ProcessTreeWire

/// Bytes of a stream as frames: four bytes of length, the most significant first, then so many
/// bytes.
///
/// A value; it holds at most one frame that is not whole, and what came with it.
package struct DeskFrames: Sendable {
  private var bytes: [UInt8] = []
  private var start = 0
  private let largest: Int

  /// - Parameter largest: The bytes of the largest frame that is taken.
  package init(largest: Int = WireLimits.frameSize) { self.largest = largest }

  package mutating func append(_ more: some Sequence<UInt8>) {
    if start > 0 {
      bytes.removeFirst(start)
      start = 0
    }
    bytes += more
  }

  /// How many bytes wait to be a frame.
  package var count: Int { bytes.count - start }

  /// The next whole frame; nil if there is none yet.
  ///
  /// - Throws: An error for a frame that is too large.
  package mutating func next() throws(WireError) -> [UInt8]? {
    guard count >= 4 else { return nil }
    let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= largest else { throw WireError("a frame of \(length) bytes is too large") }
    guard count >= 4 + length else { return nil }
    defer { start += 4 + length }
    return Array(bytes[start + 4..<start + 4 + length])
  }

  /// A frame with its length before it.
  package static func framed(_ frame: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(clamping: frame.count).bigEndian) { Array($0) } + frame
  }
}
