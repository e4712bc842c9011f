/// Owner of a buffer, shared by copies of a writer until one of them writes.
@usableFromInline
final class WriterStorage {
  @usableFromInline let buffer: UnsafeMutablePointer<PackedBuffer>

  @usableFromInline
  init(capacity: Int) {
    buffer = .allocate(capacity: 1)
    buffer.initialize(to: PackedBuffer(capacity: capacity))
  }

  static let spare = Spare<WriterStorage>()

  /// The largest buffer that is kept, in bytes.
  private static let largestSpare = 256 << 10

  /// Keeps the storage of a writer that is not used any more.
  static func keep(_ storage: WriterStorage) {
    guard storage.buffer.pointee.capacity <= largestSpare else { return }
    storage.buffer.pointee.count = 0
    spare.keep(storage)
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
