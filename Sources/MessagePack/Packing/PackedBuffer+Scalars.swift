extension UnsafeMutableRawPointer {
  @inlinable @inline(__always)
  func store<T: FixedWidthInteger & BitwiseCopyable>(_ byte: UInt8, _ value: T) -> Int {
    storeBytes(of: byte, as: UInt8.self)
    (self + 1).storeBytes(of: value.bigEndian, as: T.self)
    return 1 &+ MemoryLayout<T>.size
  }

  /// Stores an integer in its smallest format and returns the number of bytes, at most 9.
  @inlinable @inline(__always)
  func storeInteger<T: FixedWidthInteger>(_ value: T) -> Int {
    if T.isSigned, value < 0 {
      return storeNegative(Int64(truncatingIfNeeded: value))
    }
    return storeUnsigned(UInt64(truncatingIfNeeded: value))
  }

  @inlinable @inline(__always)
  func storeUnsigned(_ value: UInt64) -> Int {
    if value < 0x80 {
      storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
      return 1
    }
    if value <= 0xff { return store(FormatByte.uint8, UInt8(truncatingIfNeeded: value)) }
    if value <= 0xffff { return store(FormatByte.uint16, UInt16(truncatingIfNeeded: value)) }
    if value <= 0xffff_ffff { return store(FormatByte.uint32, UInt32(truncatingIfNeeded: value)) }
    return store(FormatByte.uint64, value)
  }

  @inlinable @inline(__always)
  func storeNegative(_ value: Int64) -> Int {
    if value >= -32 {
      storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
      return 1
    }
    if value >= -0x80 { return store(FormatByte.int8, Int8(truncatingIfNeeded: value)) }
    if value >= -0x8000 { return store(FormatByte.int16, Int16(truncatingIfNeeded: value)) }
    if value >= -0x8000_0000 { return store(FormatByte.int32, Int32(truncatingIfNeeded: value)) }
    return store(FormatByte.int64, value)
  }
}

extension PackedBuffer {
  @inlinable @inline(__always)
  mutating func packNil() { append(FormatByte.null) }

  @inlinable @inline(__always)
  mutating func pack(_ value: Bool) { append(value ? FormatByte.yes : FormatByte.no) }

  @inlinable @inline(__always)
  mutating func packInteger<T: FixedWidthInteger>(_ value: T) {
    let written = reserve(9).storeInteger(value)
    count &+= written
  }

  @inlinable @inline(__always)
  mutating func pack(_ value: Float) {
    let written = reserve(5).store(FormatByte.float32, value.bitPattern)
    count &+= written
  }

  @inlinable @inline(__always)
  mutating func pack(_ value: Double) {
    let written = reserve(9).store(FormatByte.float64, value.bitPattern)
    count &+= written
  }
}
