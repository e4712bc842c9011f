/// Unpacks values one after the other.
///
/// A read that throws leaves the reader where it was. No read goes past the end, and none
/// allocates for a length that the data only claims.
public struct MessagePackReader {
  @usableFromInline let storage: ArraySlice<UInt8>

  @usableFromInline var position = 0

  /// The number of bytes that have been read.
  @inlinable public var offset: Int { position }

  /// The bounds of the data.
  public let limits: MessagePackLimits

  /// Creates a reader at the start of bytes.
  public init(_ bytes: [UInt8], limits: MessagePackLimits = .default) {
    self.init(bytes[...], limits: limits)
  }

  /// Creates a reader at the start of a slice, whose first byte has offset 0 here.
  public init(_ bytes: ArraySlice<UInt8>, limits: MessagePackLimits = .default) {
    self.storage = bytes
    self.limits = limits
  }

  /// Whether all bytes have been read.
  @inlinable public var isAtEnd: Bool { position == storage.count }

  /// The number of bytes that have not been read.
  @inlinable public var remaining: Int { storage.count - position }

  /// Runs reads at the present place, and moves it when they succeed.
  @inlinable @inline(__always)
  mutating func read<R>(
    _ body: (inout RawCursor) throws(MessagePackError) -> R
  ) throws(MessagePackError) -> R {
    let start = position
    let (result, end) = try storage.withUnsafeBufferPointer {
      (bytes) throws(MessagePackError) -> (R, Int) in
      var cursor = RawCursor(bytes: UnsafeRawBufferPointer(bytes), offset: start)
      return (try body(&cursor), cursor.offset)
    }
    position = end
    return result
  }

  /// Returns the kind of the next value without reading it.
  ///
  /// - Throws: `endOfData`; `typeMismatch` for the byte 0xc1.
  public func peekKind() throws(MessagePackError) -> MessagePackKind {
    var copy = self
    return try copy.read { (cursor) throws(MessagePackError) in
      guard let kind = MessagePackKind(formatByte: try cursor.peekByte()) else {
        throw cursor.mismatch("value")
      }
      return kind
    }
  }

  /// Skips one whole value with everything nested in it.
  ///
  /// - Throws: `endOfData`; `tooDeep`; `typeMismatch` for the byte 0xc1.
  public mutating func skipValue() throws(MessagePackError) {
    let limits = limits
    try read { (cursor) throws(MessagePackError) in try cursor.skip(limits: limits) }
  }

  /// Reads the bytes of one whole value with everything nested in it.
  ///
  /// - Throws: The errors of ``skipValue()``.
  public mutating func readRawValue() throws(MessagePackError) -> ArraySlice<UInt8> {
    let start = storage.startIndex + offset
    try skipValue()
    return storage[start..<(storage.startIndex + offset)]
  }

  /// Checks that all bytes have been read.
  ///
  /// - Throws: `trailingBytes` if some are left.
  public func finish() throws(MessagePackError) {
    guard isAtEnd else { throw .trailingBytes(at: offset, count: remaining) }
  }
}

extension MessagePackReader {
  func peekByte() throws(MessagePackError) -> UInt8 {
    var copy = self
    return try copy.read { (cursor) throws(MessagePackError) in try cursor.peekByte() }
  }
}
