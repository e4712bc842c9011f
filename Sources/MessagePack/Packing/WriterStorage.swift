/// Owner of a buffer, shared by copies of a writer until one of them writes.
@usableFromInline
final class WriterStorage {
  @usableFromInline let buffer: UnsafeMutablePointer<PackedBuffer>

  /// An encoder that is done, kept so that the next value needs no new one.
  @exclusivity(unchecked) var spareEncoder: EncoderCore?

  @usableFromInline
  init(capacity: Int) {
    buffer = .allocate(capacity: 1)
    buffer.initialize(to: PackedBuffer(capacity: capacity))
  }

  @usableFromInline @inline(never)
  func copy() -> WriterStorage {
    let other = WriterStorage(capacity: buffer.pointee.count)
    other.buffer.pointee.append(
      UnsafeRawBufferPointer(start: buffer.pointee.base, count: buffer.pointee.count))
    return other
  }

  deinit {
    buffer.pointee.base.deallocate()
    buffer.deinitialize(count: 1)
    buffer.deallocate()
  }
}
