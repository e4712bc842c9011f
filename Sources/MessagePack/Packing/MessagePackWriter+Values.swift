extension MessagePackWriter {
  /// Packs nil.
  @inlinable
  public mutating func packNil() { unique().pointee.packNil() }

  /// Packs a truth value.
  @inlinable
  public mutating func pack(_ value: Bool) { unique().pointee.pack(value) }

  /// Packs an integer in the smallest format that holds it.
  @inlinable
  public mutating func pack(_ value: Int) { unique().pointee.packInteger(value) }

  /// Packs an integer in the smallest format that holds it.
  @inlinable
  public mutating func pack(_ value: Int64) { unique().pointee.packInteger(value) }

  /// Packs an integer in the smallest format that holds it.
  @inlinable
  public mutating func pack(_ value: UInt64) { unique().pointee.packInteger(value) }

  /// Packs a number of single precision.
  @inlinable
  public mutating func pack(_ value: Float) { unique().pointee.pack(value) }

  /// Packs a number of double precision.
  @inlinable
  public mutating func pack(_ value: Double) { unique().pointee.pack(value) }

  /// Packs a string.
  @inlinable
  public mutating func pack(_ value: String) { unique().pointee.pack(value) }

  /// Packs bytes as binary.
  public mutating func packBinary(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { packBinary($0) }
  }

  /// Packs bytes as binary.
  public mutating func packBinary(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { packBinary($0) }
  }

  /// Packs bytes as binary.
  @inlinable
  public mutating func packBinary(_ bytes: UnsafeRawBufferPointer) {
    unique().pointee.packBinary(bytes)
  }

  /// What stands before so many bytes of binary: two, three or five bytes, the first one lowest.
  ///
  /// For a caller who puts the bytes somewhere else than into a writer.
  @inlinable @inline(__always)
  public static func binaryHeader(of length: Int) -> (bytes: UInt64, count: Int) {
    guard length < 0x100 else { return longBinaryHeader(of: length) }
    return (UInt64(FormatByte.bin8) | UInt64(truncatingIfNeeded: length) << 8, 2)
  }

  @usableFromInline
  static func longBinaryHeader(of length: Int) -> (bytes: UInt64, count: Int) {
    // The length is in the order of the network.
    guard length < 0x1_0000 else {
      return (UInt64(FormatByte.bin32) | UInt64(PackedBuffer.length32(length).byteSwapped) << 8, 5)
    }
    return (UInt64(FormatByte.bin16) | UInt64(UInt16(length).byteSwapped) << 8, 3)
  }

  /// Announces an array of a number of elements, which the caller packs next.
  @inlinable
  public mutating func packArrayHeader(_ count: Int) {
    unique().pointee.packArrayHeader(count)
  }

  /// Announces a map of a number of entries, whose keys and values the caller packs next.
  @inlinable
  public mutating func packMapHeader(_ count: Int) {
    unique().pointee.packMapHeader(count)
  }

  /// Packs bytes with the number of their type; those below zero are MessagePack's own.
  public mutating func packExtension(type: Int8, _ bytes: [UInt8]) {
    let buffer = unique()
    bytes.withUnsafeBytes { buffer.pointee.packExtension(type: type, $0) }
  }
}
