extension MessagePackReader {
  /// Moves past nil and returns true if nil is next; returns false for any other value.
  ///
  /// - Throws: `endOfData`.
  @inlinable
  public mutating func readNil() throws(MessagePackError) -> Bool {
    try read { (cursor) throws(MessagePackError) in try cursor.readNil() }
  }

  /// Reads a truth value.
  ///
  /// - Throws: `typeMismatch`, `endOfData`.
  @inlinable
  public mutating func readBool() throws(MessagePackError) -> Bool {
    try read { (cursor) throws(MessagePackError) in try cursor.readBool() }
  }

  /// Reads an integer of any format that fits.
  ///
  /// - Throws: `typeMismatch`, `overflow`, `endOfData`.
  @inlinable
  public mutating func readInt() throws(MessagePackError) -> Int {
    try readInteger(as: Int.self)
  }

  /// Reads an integer of any format that fits.
  ///
  /// - Throws: `typeMismatch`, `overflow`, `endOfData`.
  @inlinable
  public mutating func readInt64() throws(MessagePackError) -> Int64 {
    try readInteger(as: Int64.self)
  }

  /// Reads an integer of any format that fits.
  ///
  /// - Throws: `typeMismatch`, `overflow`, `endOfData`.
  @inlinable
  public mutating func readUInt64() throws(MessagePackError) -> UInt64 {
    try readInteger(as: UInt64.self)
  }

  /// Reads an integer of any format, and throws if it does not fit the type.
  ///
  /// - Throws: `typeMismatch`, `overflow`, `endOfData`.
  @inlinable
  public mutating func readInteger<T: FixedWidthInteger>(
    as type: T.Type
  ) throws(MessagePackError) -> T {
    try read { (cursor) throws(MessagePackError) in try cursor.readInteger(as: type) }
  }

  /// Reads a number as double precision; integers only if that represents them exactly.
  ///
  /// - Throws: `typeMismatch`, `overflow`, `endOfData`.
  @inlinable
  public mutating func readDouble() throws(MessagePackError) -> Double {
    try read { (cursor) throws(MessagePackError) in try cursor.readDouble() }
  }

  /// Reads a number as single precision.
  ///
  /// Numbers of double precision are rounded, and refused if they become infinite. Integers are
  /// accepted only if single precision represents them exactly.
  ///
  /// - Throws: `typeMismatch`, `overflow`, `endOfData`.
  @inlinable
  public mutating func readFloat() throws(MessagePackError) -> Float {
    try read { (cursor) throws(MessagePackError) in try cursor.readFloat() }
  }

  /// Reads a string, and throws if it is not valid UTF-8.
  ///
  /// - Throws: `typeMismatch`, `tooLarge`, `invalidUTF8`, `endOfData`.
  @inlinable
  public mutating func readString() throws(MessagePackError) -> String {
    let limit = limits.stringLength
    return try read { (cursor) throws(MessagePackError) in try cursor.readString(limit: limit) }
  }

  /// Reads binary, or the UTF-8 of a string, which old senders used for both.
  ///
  /// - Throws: `typeMismatch`, `tooLarge`, `endOfData`.
  public mutating func readBinary() throws(MessagePackError) -> [UInt8] {
    let limits = limits
    return try read { (cursor) throws(MessagePackError) in
      [UInt8](try cursor.readBinary(limit: limits.binaryLength, stringLimit: limits.stringLength))
    }
  }

  /// Reads the start of an array and returns its number of elements, which are next.
  ///
  /// The number is never more than the bytes that are left.
  ///
  /// - Throws: `typeMismatch`, `tooLarge`, `endOfData`.
  @inlinable
  public mutating func readArrayHeader() throws(MessagePackError) -> Int {
    let limit = limits.collectionCount
    return try read { (cursor) throws(MessagePackError) in
      try cursor.readArrayHeader(limit: limit)
    }
  }

  /// Reads the start of a map and returns its number of entries, whose keys and values are next.
  ///
  /// The number is never more than half the bytes that are left.
  ///
  /// - Throws: `typeMismatch`, `tooLarge`, `endOfData`.
  @inlinable
  public mutating func readMapHeader() throws(MessagePackError) -> Int {
    let limit = limits.collectionCount
    return try read { (cursor) throws(MessagePackError) in try cursor.readMapHeader(limit: limit) }
  }

  /// Reads an extension.
  ///
  /// - Throws: `typeMismatch`, `tooLarge`, `endOfData`.
  public mutating func readExtension() throws(MessagePackError) -> (type: Int8, bytes: [UInt8]) {
    let limit = limits.binaryLength
    return try read { (cursor) throws(MessagePackError) in
      let (type, bytes) = try cursor.readExtension(limit: limit)
      return (type, [UInt8](bytes))
    }
  }
}
