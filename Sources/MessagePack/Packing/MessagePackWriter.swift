/// Packs values one after the other into one growing buffer.
///
/// A writer is a value: writing to one copy does not change another. Headers of arrays and maps
/// only announce: the caller packs as many elements, or twice as many, after them. Lengths and
/// counts above `UInt32.max` have no MessagePack form and are a programming error.
public struct MessagePackWriter {
  @usableFromInline var storage: WriterStorage

  /// Creates an empty writer with room for a number of bytes.
  public init(capacity: Int = 256) {
    storage = WriterStorage(capacity: capacity)
  }

  init(_ storage: WriterStorage) {
    self.storage = storage
  }

  /// A copy of the bytes packed so far.
  public var bytes: [UInt8] { storage.buffer.pointee.bytes }

  /// The number of bytes packed so far.
  @inlinable public var count: Int { storage.buffer.pointee.count }

  /// The buffer, which no other writer shares.
  @inlinable @inline(__always)
  mutating func unique() -> UnsafeMutablePointer<PackedBuffer> {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    return storage.buffer
  }

  /// Calls a closure with the packed bytes in place.
  ///
  /// - Throws: The error of `body`.
  @inlinable
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeRawBufferPointer(
        start: storage.buffer.pointee.base, count: storage.buffer.pointee.count))
  }

  /// Removes all packed bytes and keeps the memory for the next ones.
  @inlinable
  public mutating func removeAll() {
    unique().pointee.count = 0
  }

  /// Reserves room for a number of additional bytes.
  public mutating func reserveCapacity(_ additional: Int) {
    _ = unique().pointee.reserve(additional)
  }

  /// Appends bytes that are packed already.
  public mutating func appendRaw(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { appendRaw($0) }
  }

  /// Appends bytes that are packed already.
  public mutating func appendRaw(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { appendRaw($0) }
  }

  /// Appends bytes that are packed already.
  @inlinable
  public mutating func appendRaw(_ bytes: UnsafeRawBufferPointer) {
    unique().pointee.append(bytes)
  }
}
