/// One growing block of raw memory that values are packed into.
///
/// It lives behind a pointer (``WriterStorage``), so that the encoder, its containers and the
/// writer share it without reference counting and without exclusivity checks.
@frozen
@usableFromInline
struct PackedBuffer {
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var count: Int
  @usableFromInline var capacity: Int

  @usableFromInline
  init(capacity: Int) {
    self.capacity = max(capacity, 16)
    self.count = 0
    self.base = .allocate(byteCount: self.capacity, alignment: 1)
  }

  /// The place of the next byte, after room for `extra` bytes has been made.
  @inlinable @inline(__always)
  mutating func reserve(_ extra: Int) -> UnsafeMutableRawPointer {
    if capacity &- count < extra { grow(extra) }
    return base + count
  }

  @usableFromInline @inline(never)
  mutating func grow(_ extra: Int) {
    let needed = count + extra
    // A large value gets what it needs and a little more, small ones double.
    capacity = max(needed + 64, extra > capacity ? 0 : capacity * 2)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
    larger.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = larger
  }

  @inlinable @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1).storeBytes(of: byte, as: UInt8.self)
    count &+= 1
  }

  @inlinable
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
    reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
    count &+= bytes.count
  }

  /// Opens a gap of `length` bytes, whose content is undefined.
  mutating func insertGap(at offset: Int, length: Int) {
    _ = reserve(length)
    (base + offset + length).copyMemory(from: base + offset, byteCount: count - offset)
    count += length
  }

  var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      if let start = target.baseAddress {
        UnsafeMutableRawPointer(start).copyMemory(from: base, byteCount: count)
      }
      initialized = count
    }
  }
}
