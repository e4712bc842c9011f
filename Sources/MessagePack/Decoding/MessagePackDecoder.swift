/// Decodes `Decodable` values from MessagePack.
///
/// - It reads all output of ``MessagePackEncoder``, and from other senders: integers in wider
///   formats than needed, integers and `Float` where `Double` is expected if they are exact,
///   integer keys of maps where the key has an integer, strings or arrays of integers for bytes.
/// - It skips keys that the value does not request. Of equal keys, it reads one.
/// - Integers that do not fit, and floating-point numbers where integers are expected, are errors.
///
/// Errors are a `DecodingError` with the coding path and, if the bytes are invalid, a
/// ``MessagePackError`` with the offset; or the value's own error. Do not keep decoders and
/// containers after the value that they decode: they then find no data.
public struct MessagePackDecoder: Sendable {
  /// Context that values can read from their decoder.
  public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

  /// The bounds of the data.
  public var limits = MessagePackLimits.default

  /// Creates a decoder.
  public init() {}

  /// Decodes the only value of some bytes.
  ///
  /// - Throws: A `DecodingError`, also if bytes follow the value; the value's own error.
  public func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    try decode(type, from: bytes[...])
  }

  /// Decodes the only value of some bytes.
  ///
  /// - Throws: A `DecodingError`, also if bytes follow the value; the value's own error.
  public func decode<T: Decodable>(_ type: T.Type, from bytes: ArraySlice<UInt8>) throws -> T {
    try bytes.withUnsafeBytes { try decode(type, from: $0) }
  }

  /// Decodes the only value of some bytes, which must be valid during the call.
  ///
  /// - Throws: A `DecodingError`, also if bytes follow the value; the value's own error.
  public func decode<T: Decodable>(
    _ type: T.Type, from bytes: UnsafeRawBufferPointer
  ) throws -> T {
    if T.self == [UInt8].self, let binary = decodeBinary(from: bytes) {
      return unsafeBitCast(binary, to: T.self)
    }
    // Neither needs a decoder.
    var cursor = RawCursor(bytes: bytes, offset: 0)
    if T.self == Int.self, let value = try? cursor.readInteger(as: Int.self),
      cursor.offset == bytes.count
    {
      return unsafeBitCast(value, to: T.self)
    }
    if T.self == Double.self, let value = try? cursor.readDouble(), cursor.offset == bytes.count {
      return unsafeBitCast(value, to: T.self)
    }
    return try decodeLast(type, from: bytes, at: 0)
  }

  /// Decodes the value that begins at an offset of some bytes and is the last of them.
  ///
  /// - Throws: A `DecodingError`, also if bytes follow the value; the value's own error.
  public func decodeLast<T: Decodable>(
    _ type: T.Type, from bytes: UnsafeRawBufferPointer, at offset: Int
  ) throws -> T {
    let (value, end) = try decode(type, from: bytes, at: offset)
    guard end == bytes.count else {
      throw Self.corrupted(.trailingBytes(at: end, count: bytes.count - end))
    }
    return value
  }

  /// The number of elements of an array that some bytes begin with, and the offset of the first
  /// one.
  ///
  /// - Throws: A `DecodingError` if the bytes begin with no array.
  public static func arrayHeader(
    in bytes: UnsafeRawBufferPointer
  ) throws -> (count: Int, end: Int) {
    var cursor = RawCursor(bytes: bytes, offset: 0)
    do throws(MessagePackError) {
      return (try cursor.readArrayHeader(limit: .max), cursor.offset)
    } catch {
      throw corrupted(error)
    }
  }

  /// Whether the value at an offset of some bytes is nil, which has one byte.
  public static func isNil(in bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    offset < bytes.count && bytes[offset] == FormatByte.null
  }

  private static func corrupted(_ error: MessagePackError) -> DecodingError {
    .dataCorrupted(
      DecodingError.Context(
        codingPath: [], debugDescription: error.description, underlyingError: error))
  }

  /// The bytes of a binary that is all there is, copied once and without a decoder; nil for any
  /// other value.
  public func decodeBinary(from bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    Self.binary(in: bytes, limit: limits.binaryLength).map { Array($0) }
  }

  /// The bytes of a binary that is all there is, where they are; nil for any other value.
  @inlinable @inline(__always)
  public static func binary(
    in bytes: UnsafeRawBufferPointer, limit: Int = .max
  ) -> UnsafeRawBufferPointer? {
    RawCursor.wholeBinary(bytes, limit: limit)
  }

  /// Decodes the next value of a reader; an error leaves the reader where it was.
  ///
  /// The limits are those of this decoder, not those of the reader.
  ///
  /// - Throws: A `DecodingError`, or the value's own error.
  @inlinable
  public func decode<T: Decodable>(
    _ type: T.Type, from reader: inout MessagePackReader
  ) throws -> T {
    if T.self == Int.self, let value = try? reader.readInt() {
      return unsafeBitCast(value, to: T.self)
    }
    return try decodeAny(type, from: &reader)
  }

  @usableFromInline
  func decodeAny<T: Decodable>(_ type: T.Type, from reader: inout MessagePackReader) throws -> T {
    let (value, end) = try reader.storage.withUnsafeBytes { bytes in
      try decode(type, from: bytes, at: reader.position)
    }
    reader.position = end
    return value
  }

  /// Decodes the value that begins at an offset of some bytes, which must be valid during the call.
  ///
  /// - Returns: The value, and the offset behind it.
  /// - Throws: A `DecodingError`, or the value's own error.
  public func decode<T: Decodable>(
    _ type: T.Type, from bytes: UnsafeRawBufferPointer, at offset: Int
  ) throws -> (value: T, end: Int) {
    var core = DecoderCore.take()
    core.input.open(bytes, limits: limits, options: userInfo)
    defer { DecoderCore.retire(&core) }
    let value = try core.decodeValue(type, at: offset, nil)
    return (value, core.lastEnd)
  }
}
