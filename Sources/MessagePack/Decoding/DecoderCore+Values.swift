extension DecoderCore {
  /// Decodes a value at an offset; where it ends is in `lastEnd` then.
  @inline(__always)
  func decodeValue<T: Decodable>(
    _ type: T.Type, at offset: Int, _ element: @autoclosure () -> PathElement?
  ) throws -> T {
    guard isScalar(type) else { return try decodeComposite(type, at: offset, element()) }
    var cursor = cursor(at: offset)
    do throws(MessagePackError) {
      let value = try readScalar(type, &cursor)
      lastEnd = cursor.offset
      return value
    } catch {
      throw decodingError(error, type, offset, element())
    }
  }

  /// Whether every container has a method for the type.
  ///
  /// Apart from `readScalar`, which cannot return an optional: in code for any type, that would
  /// ask the runtime for the metadata of the optional type each time.
  @inline(__always)
  private func isScalar<T>(_ type: T.Type) -> Bool {
    T.self == String.self || T.self == Int.self || T.self == Double.self
      || T.self == Bool.self || T.self == Float.self || T.self == Int64.self
      || T.self == Int32.self || T.self == Int16.self || T.self == Int8.self
      || T.self == UInt.self || T.self == UInt64.self || T.self == UInt32.self
      || T.self == UInt16.self || T.self == UInt8.self
  }

  /// Reads a value of a scalar type.
  ///
  /// Inlined into methods for one type, all of this becomes a single call.
  @inline(__always)
  private func readScalar<T>(
    _ type: T.Type, _ cursor: inout RawCursor
  ) throws(MessagePackError) -> T {
    if T.self == String.self {
      return unsafeBitCast(try cursor.readString(limit: input.limits.stringLength), to: T.self)
    }
    if T.self == Int.self {
      return unsafeBitCast(try cursor.readInteger(as: Int.self), to: T.self)
    }
    if T.self == Double.self {
      return unsafeBitCast(try cursor.readDouble(), to: T.self)
    }
    if T.self == Bool.self {
      return unsafeBitCast(try cursor.readBool(), to: T.self)
    }
    if T.self == Float.self {
      return unsafeBitCast(try cursor.readFloat(), to: T.self)
    }
    if T.self == Int64.self {
      return unsafeBitCast(try cursor.readInteger(as: Int64.self), to: T.self)
    }
    if T.self == Int32.self {
      return unsafeBitCast(try cursor.readInteger(as: Int32.self), to: T.self)
    }
    if T.self == Int16.self {
      return unsafeBitCast(try cursor.readInteger(as: Int16.self), to: T.self)
    }
    if T.self == Int8.self {
      return unsafeBitCast(try cursor.readInteger(as: Int8.self), to: T.self)
    }
    if T.self == UInt.self {
      return unsafeBitCast(try cursor.readInteger(as: UInt.self), to: T.self)
    }
    if T.self == UInt64.self {
      return unsafeBitCast(try cursor.readInteger(as: UInt64.self), to: T.self)
    }
    if T.self == UInt32.self {
      return unsafeBitCast(try cursor.readInteger(as: UInt32.self), to: T.self)
    }
    if T.self == UInt16.self {
      return unsafeBitCast(try cursor.readInteger(as: UInt16.self), to: T.self)
    }
    // The remaining scalar types.
    return unsafeBitCast(try cursor.readInteger(as: UInt8.self), to: T.self)
  }

  func decodeComposite<T: Decodable>(
    _ type: T.Type, at offset: Int, _ element: @autoclosure () -> PathElement?
  ) throws -> T {
    let known = KnownArray.of(T.self)
    guard known != .none else {
      guard let array = arrayType(of: type, at: offset) else {
        return try decodeNested(type, at: offset, element())
      }
      return try decodeArray(type, array, at: offset, element())
    }
    var cursor = cursor(at: offset)
    do throws(MessagePackError) {
      let value = try readKnown(type, known, &cursor)
      lastEnd = cursor.offset
      return value
    } catch {
      throw decodingError(error, type, offset, element())
    }
  }
}
