/// A place in bytes, and the reads that move it.
///
/// Every read checks the end first. A read that throws leaves the place wherever it got to, so
/// callers keep the place from before. Lengths are checked before anything is allocated.
@frozen
@usableFromInline
struct RawCursor {
  @usableFromInline let bytes: UnsafeRawBufferPointer
  @usableFromInline var offset: Int

  @inlinable @inline(__always)
  init(bytes: UnsafeRawBufferPointer, offset: Int) {
    self.bytes = bytes
    self.offset = offset
  }

  @inlinable @inline(__always)
  var remaining: Int { bytes.count &- offset }

  @inlinable @inline(__always)
  func require(_ count: Int) throws(MessagePackError) {
    guard count <= remaining else {
      throw .endOfData(at: offset, needed: count, remaining: remaining)
    }
  }

  /// The next byte, which stays.
  @inlinable @inline(__always)
  func peekByte() throws(MessagePackError) -> UInt8 {
    try require(1)
    return bytes[offset]
  }

  /// The big-endian integer next.
  @inlinable @inline(__always)
  mutating func load<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(MessagePackError) -> T {
    try require(MemoryLayout<T>.size)
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    offset &+= MemoryLayout<T>.size
    return T(bigEndian: value)
  }

  /// Moves past a number of bytes and returns where they are.
  @inlinable @inline(__always)
  mutating func take(_ count: Int) throws(MessagePackError) -> UnsafeRawBufferPointer {
    try require(count)
    let range = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset &+ count)])
    offset &+= count
    return range
  }

  /// An error about the value whose first byte is next.
  @usableFromInline @inline(never)
  func mismatch(_ expected: String) -> MessagePackError {
    offset < bytes.count
      ? .typeMismatch(at: offset, expected: expected, found: bytes[offset])
      : .endOfData(at: offset, needed: 1, remaining: 0)
  }
}
