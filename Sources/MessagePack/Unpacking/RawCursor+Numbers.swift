extension RawCursor {
  /// Moves past nil if that is next.
  @inlinable @inline(__always)
  mutating func readNil() throws(MessagePackError) -> Bool {
    guard try peekByte() == FormatByte.null else { return false }
    offset &+= 1
    return true
  }

  @inlinable @inline(__always)
  mutating func readBool() throws(MessagePackError) -> Bool {
    let byte = try peekByte()
    guard byte & 0xfe == FormatByte.no else { throw mismatch("bool") }
    offset &+= 1
    return byte == FormatByte.yes
  }

  @inlinable @inline(__always)
  mutating func readInteger<T: FixedWidthInteger>(
    as type: T.Type
  ) throws(MessagePackError) -> T {
    if let value = readCommonInteger(as: type) { return value }
    return try readLongInteger(as: type)
  }

  /// Reads an integer that fits and is not too close to the end; otherwise stays.
  ///
  /// All widths are alike here: one load of eight bytes, and a shift.
  @inlinable @inline(__always)
  mutating func readCommonInteger<T: FixedWidthInteger>(as type: T.Type) -> T? {
    guard remaining > 8 else { return nil }
    let byte = bytes[offset]
    if byte < 0x80 {
      offset &+= 1
      return T(truncatingIfNeeded: byte)
    }
    if byte >= 0xe0, let value = T(exactly: Int8(bitPattern: byte)) {
      offset &+= 1
      return value
    }
    guard byte &- FormatByte.uint8 < 8 else { return nil }
    let word = UInt64(
      bigEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 1, as: UInt64.self))
    let width = 1 &<< Int(byte & 3)
    let shift = UInt64(truncatingIfNeeded: 64 &- 8 &* width)
    let value =
      byte < FormatByte.int8
      ? T(exactly: word &>> shift) : T(exactly: Int64(bitPattern: word) &>> Int64(shift))
    if value != nil { offset &+= 1 &+ width }
    return value
  }

  /// Reads any integer, and throws the fault if there is none.
  @inlinable @inline(never)
  mutating func readLongInteger<T: FixedWidthInteger>(
    as type: T.Type
  ) throws(MessagePackError) -> T {
    let byte = try peekByte()
    let start = offset
    offset &+= 1
    switch byte {
    case ..<0x80: return T(truncatingIfNeeded: byte)
    case FormatByte.uint8: return try narrow(load(UInt8.self), start)
    case FormatByte.uint16: return try narrow(load(UInt16.self), start)
    case FormatByte.uint32: return try narrow(load(UInt32.self), start)
    case FormatByte.uint64: return try narrow(load(UInt64.self), start)
    case FormatByte.int8: return try narrow(load(Int8.self), start)
    case FormatByte.int16: return try narrow(load(Int16.self), start)
    case FormatByte.int32: return try narrow(load(Int32.self), start)
    case FormatByte.int64: return try narrow(load(Int64.self), start)
    case 0xe0...: return try narrow(Int8(bitPattern: byte), start)
    default:
      offset = start
      throw mismatch("integer")
    }
  }

  @inlinable @inline(__always)
  func narrow<T: FixedWidthInteger, U: FixedWidthInteger>(
    _ value: U, _ start: Int
  ) throws(MessagePackError) -> T {
    guard let result = T(exactly: value) else {
      throw .overflow(at: start, value: "\(value)", type: "\(T.self)")
    }
    return result
  }

  /// A number, of single precision and integers too if they are exact in double precision.
  @inlinable
  mutating func readDouble() throws(MessagePackError) -> Double {
    let byte = try peekByte()
    if byte == FormatByte.float64 {
      offset &+= 1
      return Double(bitPattern: try load(UInt64.self))
    }
    if byte == FormatByte.float32 {
      offset &+= 1
      return Double(Float(bitPattern: try load(UInt32.self)))
    }
    return try readIntegral(byte)
  }

  /// A number, of double precision (rounded) and exact integers too.
  @inlinable
  mutating func readFloat() throws(MessagePackError) -> Float {
    let start = offset
    let byte = try peekByte()
    if byte == FormatByte.float32 {
      offset &+= 1
      return Float(bitPattern: try load(UInt32.self))
    }
    if byte == FormatByte.float64 {
      offset &+= 1
      let value = Double(bitPattern: try load(UInt64.self))
      let rounded = Float(value)
      guard rounded.isFinite || !value.isFinite else {
        throw .overflow(at: start, value: "\(value)", type: "Float")
      }
      return rounded
    }
    return try readIntegral(byte)
  }

  @usableFromInline
  mutating func readIntegral<T: BinaryFloatingPoint>(_ byte: UInt8) throws(MessagePackError) -> T {
    let start = offset
    guard MessagePackKind(formatByte: byte) == .integer else { throw mismatch("number") }
    if byte == FormatByte.uint64 {
      let value = try readInteger(as: UInt64.self)
      if let exact = T(exactly: value) { return exact }
      throw .overflow(at: start, value: "\(value)", type: "\(T.self)")
    }
    let value = try readInteger(as: Int64.self)
    if let exact = T(exactly: value) { return exact }
    throw .overflow(at: start, value: "\(value)", type: "\(T.self)")
  }
}
