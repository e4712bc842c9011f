extension DecoderCore {
  /// Reads a value of a type that has a form of its own.
  func readKnown<T>(
    _ type: T.Type, _ known: KnownArray, _ cursor: inout RawCursor
  ) throws(MessagePackError) -> T {
    let limit = input.limits.collectionCount
    switch known {
    case .bytes: return unsafeBitCast(try readBytes(&cursor), to: T.self)
    case .contiguousBytes:
      return unsafeBitCast(ContiguousArray(try readBytes(&cursor)), to: T.self)
    case .bools: return unsafeBitCast(try cursor.readBools(limit: limit), to: T.self)
    case .ints:
      return unsafeBitCast(try cursor.readIntegers(Int.self, limit: limit), to: T.self)
    case .ints8:
      return unsafeBitCast(try cursor.readIntegers(Int8.self, limit: limit), to: T.self)
    case .ints16:
      return unsafeBitCast(try cursor.readIntegers(Int16.self, limit: limit), to: T.self)
    case .ints32:
      return unsafeBitCast(try cursor.readIntegers(Int32.self, limit: limit), to: T.self)
    case .ints64:
      return unsafeBitCast(try cursor.readIntegers(Int64.self, limit: limit), to: T.self)
    case .uints:
      return unsafeBitCast(try cursor.readIntegers(UInt.self, limit: limit), to: T.self)
    case .uints16:
      return unsafeBitCast(try cursor.readIntegers(UInt16.self, limit: limit), to: T.self)
    case .uints32:
      return unsafeBitCast(try cursor.readIntegers(UInt32.self, limit: limit), to: T.self)
    case .uints64:
      return unsafeBitCast(try cursor.readIntegers(UInt64.self, limit: limit), to: T.self)
    case .floats: return unsafeBitCast(try cursor.readFloats(limit: limit), to: T.self)
    case .doubles: return unsafeBitCast(try cursor.readDoubles(limit: limit), to: T.self)
    case .strings:
      let strings = try cursor.readStrings(limit: limit, stringLimit: input.limits.stringLength)
      return unsafeBitCast(strings, to: T.self)
    case .none, .wideInteger:
      throw MessagePackError(
        code: .unsupported, message: "MessagePack has no form for \(type)", offset: cursor.offset)
    }
  }

  /// Binary, a string's UTF-8, or an array of small integers as other senders may write it.
  private func readBytes(_ cursor: inout RawCursor) throws(MessagePackError) -> [UInt8] {
    if MessagePackKind(formatByte: try cursor.peekByte()) == .array {
      return try cursor.readIntegers(UInt8.self, limit: input.limits.collectionCount)
    }
    return [UInt8](
      try cursor.readBinary(
        limit: input.limits.binaryLength, stringLimit: input.limits.stringLength))
  }
}
