extension DecoderCore {
  /// Reads a value of a type that has a form of its own.
  func readKnown<T>(
    _ type: T.Type, _ known: KnownArray, _ cursor: inout RawCursor
  ) throws(MessagePackError) -> T {
    let limit = input.limits.collectionCount
    switch known {
    case .bytes: return moved(try readBytes(&cursor))
    case .contiguousBytes: return moved(ContiguousArray(try readBytes(&cursor)))
    case .bools: return moved(try cursor.readBools(limit: limit))
    case .ints: return moved(try cursor.readIntegers(Int.self, limit: limit))
    case .ints8: return moved(try cursor.readIntegers(Int8.self, limit: limit))
    case .ints16: return moved(try cursor.readIntegers(Int16.self, limit: limit))
    case .ints32: return moved(try cursor.readIntegers(Int32.self, limit: limit))
    case .ints64: return moved(try cursor.readIntegers(Int64.self, limit: limit))
    case .uints: return moved(try cursor.readIntegers(UInt.self, limit: limit))
    case .uints16: return moved(try cursor.readIntegers(UInt16.self, limit: limit))
    case .uints32: return moved(try cursor.readIntegers(UInt32.self, limit: limit))
    case .uints64: return moved(try cursor.readIntegers(UInt64.self, limit: limit))
    case .floats: return moved(try cursor.readFloats(limit: limit))
    case .doubles: return moved(try cursor.readDoubles(limit: limit))
    case .strings:
      return moved(
        try cursor.readStrings(limit: limit, stringLimit: input.limits.stringLength))
    case .none, .wideInteger:
      throw MessagePackError(
        code: .unsupported, message: "MessagePack has no form for \(type)", offset: cursor.offset)
    }
  }

  /// An array as the type that generic code knows it by; a cast would count a reference.
  @inline(__always)
  private func moved<Known, T>(_ array: consuming Known) -> T {
    arrayPlace.initializeMemory(as: Known.self, to: array)
    return arrayPlace.assumingMemoryBound(to: T.self).move()
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
