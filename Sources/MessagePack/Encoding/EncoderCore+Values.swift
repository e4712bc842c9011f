extension EncoderCore {
  /// Packs a value of a type that every container has a method for, and returns whether it did.
  ///
  /// Inlined into methods for one type, all of this becomes a single call.
  @inline(__always)
  func packScalar<T>(_ value: T) -> Bool {
    if T.self == String.self {
      buffer.pointee.pack(unsafeBitCast(value, to: String.self))
    } else if T.self == Int.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: Int.self))
    } else if T.self == Double.self {
      buffer.pointee.pack(unsafeBitCast(value, to: Double.self))
    } else if T.self == Bool.self {
      buffer.pointee.pack(unsafeBitCast(value, to: Bool.self))
    } else if T.self == Float.self {
      buffer.pointee.pack(unsafeBitCast(value, to: Float.self))
    } else if T.self == Int64.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: Int64.self))
    } else if T.self == Int32.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: Int32.self))
    } else if T.self == Int16.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: Int16.self))
    } else if T.self == Int8.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: Int8.self))
    } else if T.self == UInt.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: UInt.self))
    } else if T.self == UInt64.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: UInt64.self))
    } else if T.self == UInt32.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: UInt32.self))
    } else if T.self == UInt16.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: UInt16.self))
    } else if T.self == UInt8.self {
      buffer.pointee.packInteger(unsafeBitCast(value, to: UInt8.self))
    } else {
      return false
    }
    return true
  }

  /// Encodes any value that is not a scalar.
  func encodeComposite<T: Encodable>(
    _ value: T, _ element: @autoclosure () -> PathElement?
  ) throws {
    let known = KnownArray.of(T.self)
    guard known != .none else {
      guard let array = arrayType(of: value) else { return try encodeNested(value, element()) }
      return try encodeArray(value, array, element())
    }
    guard try packArray(value, known) else {
      throw invalidValue(
        value,
        MessagePackError(code: .unsupported, message: "MessagePack has no form for \(T.self)"),
        element())
    }
  }

  private func packArray<T>(_ value: T, _ known: KnownArray) throws -> Bool {
    switch known {
    case .none, .wideInteger: return false
    case .bytes: try packBytes(unsafeBitCast(value, to: [UInt8].self))
    case .contiguousBytes: try packBytes(unsafeBitCast(value, to: ContiguousArray<UInt8>.self))
    case .bools: buffer.pointee.pack(unsafeBitCast(value, to: [Bool].self))
    case .ints: buffer.pointee.packIntegers(unsafeBitCast(value, to: [Int].self))
    case .ints8: buffer.pointee.packIntegers(unsafeBitCast(value, to: [Int8].self))
    case .ints16: buffer.pointee.packIntegers(unsafeBitCast(value, to: [Int16].self))
    case .ints32: buffer.pointee.packIntegers(unsafeBitCast(value, to: [Int32].self))
    case .ints64: buffer.pointee.packIntegers(unsafeBitCast(value, to: [Int64].self))
    case .uints: buffer.pointee.packIntegers(unsafeBitCast(value, to: [UInt].self))
    case .uints16: buffer.pointee.packIntegers(unsafeBitCast(value, to: [UInt16].self))
    case .uints32: buffer.pointee.packIntegers(unsafeBitCast(value, to: [UInt32].self))
    case .uints64: buffer.pointee.packIntegers(unsafeBitCast(value, to: [UInt64].self))
    case .floats: buffer.pointee.pack(unsafeBitCast(value, to: [Float].self))
    case .doubles: buffer.pointee.pack(unsafeBitCast(value, to: [Double].self))
    case .strings: buffer.pointee.pack(unsafeBitCast(value, to: [String].self))
    }
    return true
  }

  private func packBytes(_ bytes: some Sequence<UInt8>) throws {
    try bytes.withContiguousStorageIfAvailable { bytes in
      guard bytes.count <= 0xffff_ffff else {
        throw encodingError(
          .tooLarge(at: 0, what: "binary", length: bytes.count, limit: 0xffff_ffff))
      }
      buffer.pointee.packBinary(UnsafeRawBufferPointer(bytes))
    }
  }
}
