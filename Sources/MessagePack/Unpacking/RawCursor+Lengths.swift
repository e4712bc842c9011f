extension RawCursor {
  /// The UTF-8 of a string, not validated yet.
  @inlinable @inline(__always)
  mutating func readUTF8(limit: Int) throws(MessagePackError) -> UnsafeRawBufferPointer {
    let byte = try peekByte()
    if byte & 0xe0 == FormatByte.fixstr {
      offset &+= 1
      return try readBody(Int(byte & 0x1f), "string", limit)
    }
    return try readLongUTF8(byte, limit)
  }

  @usableFromInline
  mutating func readLongUTF8(
    _ byte: UInt8, _ limit: Int
  ) throws(MessagePackError) -> UnsafeRawBufferPointer {
    let start = offset
    offset &+= 1
    switch byte {
    case FormatByte.str8: return try readBody(Int(load(UInt8.self)), "string", limit)
    case FormatByte.str16: return try readBody(Int(load(UInt16.self)), "string", limit)
    case FormatByte.str32: return try readBody(Int(load(UInt32.self)), "string", limit)
    default:
      offset = start
      throw mismatch("string")
    }
  }

  @inlinable @inline(__always)
  mutating func readBody(
    _ length: Int, _ what: String, _ limit: Int
  ) throws(MessagePackError) -> UnsafeRawBufferPointer {
    guard length <= limit else {
      throw .tooLarge(at: offset, what: what, length: length, limit: limit)
    }
    return try take(length)
  }

  @usableFromInline
  mutating func readString(limit: Int) throws(MessagePackError) -> String {
    if remaining > KeyName.longest, limit >= ShortString.longest, let base = bytes.baseAddress {
      let length = Int(bytes[offset] ^ FormatByte.fixstr)
      if length <= ShortString.longest,
        let string = ShortString.read(base + (offset &+ 1), length: length)
      {
        offset &+= 1 &+ length
        return string
      }
    }
    return try readLongString(limit)
  }

  private mutating func readLongString(_ limit: Int) throws(MessagePackError) -> String {
    let start = offset
    let utf8 = try readUTF8(limit: limit)
    // Decoding repairs what is invalid, which then differs. That is twice as fast as the
    // initializer that validates, which is generic code without a specialization.
    var string = String(decoding: utf8, as: UTF8.self)
    guard utf8.isASCII || string.withUTF8({ utf8.equals(UnsafeRawBufferPointer($0)) }) else {
      throw .invalidUTF8(at: start)
    }
    return string
  }

  /// The bytes of a binary, or of a string.
  @usableFromInline
  mutating func readBinary(
    limit: Int, stringLimit: Int
  ) throws(MessagePackError) -> UnsafeRawBufferPointer {
    let start = offset
    let byte = try peekByte()
    offset &+= 1
    switch byte {
    case FormatByte.bin8: return try readBody(Int(load(UInt8.self)), "binary", limit)
    case FormatByte.bin16: return try readBody(Int(load(UInt16.self)), "binary", limit)
    case FormatByte.bin32: return try readBody(Int(load(UInt32.self)), "binary", limit)
    default:
      offset = start
      guard MessagePackKind(formatByte: byte) == .string else { throw mismatch("binary") }
      return try readUTF8(limit: stringLimit)
    }
  }

  mutating func readExtension(
    limit: Int
  ) throws(MessagePackError) -> (type: Int8, bytes: UnsafeRawBufferPointer) {
    let start = offset
    let byte = try peekByte()
    offset &+= 1
    let length: Int
    switch byte {
    case FormatByte.fixext1...FormatByte.fixext16: length = 1 << Int(byte - FormatByte.fixext1)
    case FormatByte.ext8: length = Int(try load(UInt8.self))
    case FormatByte.ext16: length = Int(try load(UInt16.self))
    case FormatByte.ext32: length = Int(try load(UInt32.self))
    default:
      offset = start
      throw mismatch("extension")
    }
    let type = try load(Int8.self)
    return (type, try readBody(length, "extension", limit))
  }

  @inlinable @inline(__always)
  mutating func readArrayHeader(limit: Int) throws(MessagePackError) -> Int {
    let byte = try peekByte()
    if byte & 0xf0 == FormatByte.fixarray {
      offset &+= 1
      return try claim(Int(byte & 0x0f), bytesEach: 1, limit)
    }
    return try readLongHeader(byte, FormatByte.array16, "array", bytesEach: 1, limit)
  }

  @inlinable @inline(__always)
  mutating func readMapHeader(limit: Int) throws(MessagePackError) -> Int {
    let byte = try peekByte()
    if byte & 0xf0 == FormatByte.fixmap {
      offset &+= 1
      return try claim(Int(byte & 0x0f), bytesEach: 2, limit)
    }
    return try readLongHeader(byte, FormatByte.map16, "map", bytesEach: 2, limit)
  }

  /// A header of 16 or 32 bits, whose format bytes are `format16` and the one after it.
  @usableFromInline
  mutating func readLongHeader(
    _ byte: UInt8, _ format16: UInt8, _ what: String, bytesEach: Int, _ limit: Int
  ) throws(MessagePackError) -> Int {
    let start = offset
    offset &+= 1
    if byte == format16 { return try claim(Int(load(UInt16.self)), bytesEach: bytesEach, limit) }
    if byte == format16 + 1 {
      return try claim(Int(load(UInt32.self)), bytesEach: bytesEach, limit)
    }
    offset = start
    throw mismatch(what)
  }

  /// A count of elements, checked against what can still be there.
  @inlinable @inline(__always)
  func claim(_ count: Int, bytesEach: Int, _ limit: Int) throws(MessagePackError) -> Int {
    try require(count &* bytesEach)
    guard count <= limit else {
      throw .tooLarge(at: offset, what: "collection", length: count, limit: limit)
    }
    return count
  }
}

extension RawCursor {
  /// The body of binary that is all there is; nil for anything else.
  @inlinable @inline(__always)
  static func wholeBinary(
    _ bytes: UnsafeRawBufferPointer, limit: Int
  ) -> UnsafeRawBufferPointer? {
    // Most are short; a cursor, whose reading can throw, costs a fifth of decoding one.
    guard bytes.count > 1, bytes[0] == FormatByte.bin8 else {
      return longBinary(bytes, limit: limit)
    }
    let count = bytes.count &- 2
    guard Int(bytes[1]) == count, count <= limit, let start = bytes.baseAddress else { return nil }
    return UnsafeRawBufferPointer(start: start + 2, count: count)
  }

  @usableFromInline
  static func longBinary(
    _ bytes: UnsafeRawBufferPointer, limit: Int
  ) -> UnsafeRawBufferPointer? {
    var cursor = RawCursor(bytes: bytes, offset: 0)
    guard let first = bytes.first, first >= FormatByte.bin8, first <= FormatByte.bin32,
      let body = try? cursor.readBinary(limit: limit, stringLimit: limit),
      cursor.offset == bytes.count
    else { return nil }
    return body
  }
}
