/// Any MessagePack value, for data whose shape is not known when the program is built.
///
/// Integers compare by format of origin: use ``int(_:)`` for values that fit `Int64`, as reading
/// does, and ``uint(_:)`` for larger ones. Maps keep the order of their entries and compare by it.
public enum MessagePackValue: Hashable, Sendable {
  /// No value.
  case `nil`
  /// True or false.
  case bool(Bool)
  /// An integer that fits 64 bits signed.
  case int(Int64)
  /// An integer above `Int64.max`.
  case uint(UInt64)
  /// A number of single precision.
  case float(Float)
  /// A number of double precision.
  case double(Double)
  /// A string.
  case string(String)
  /// Bytes.
  case binary([UInt8])
  /// A sequence of values.
  case array([MessagePackValue])
  /// Keys with their values, in order; the same key may come twice.
  case map([Entry])
  /// Bytes with the number of their type.
  case `extension`(type: Int8, bytes: [UInt8])

  /// A key of a map with its value.
  public struct Entry: Hashable, Sendable {
    /// The key, which may be any value.
    public var key: MessagePackValue
    /// The value.
    public var value: MessagePackValue

    /// Creates an entry.
    public init(key: MessagePackValue, value: MessagePackValue) {
      self.key = key
      self.value = value
    }
  }

  /// Reads the next value, nested at most as deep as the reader's limits allow.
  ///
  /// - Throws: Any error of the bytes; the reader is then where it was.
  public init(reading reader: inout MessagePackReader) throws(MessagePackError) {
    var attempt = reader
    self = try Self.read(&attempt, depth: 0)
    reader = attempt
  }

  private static func read(
    _ reader: inout MessagePackReader, depth: Int
  ) throws(MessagePackError) -> Self {
    switch try reader.peekKind() {
    case .nil:
      _ = try reader.readNil()
      return .nil
    case .bool: return .bool(try reader.readBool())
    case .integer: return try readInteger(&reader)
    case .float: return try readFloat(&reader)
    case .string: return .string(try reader.readString())
    case .binary: return .binary(try reader.readBinary())
    case .extension:
      let (type, bytes) = try reader.readExtension()
      return .extension(type: type, bytes: bytes)
    case .array:
      try check(depth, reader)
      var elements: [Self] = []
      for _ in 0..<(try reader.readArrayHeader()) {
        elements.append(try read(&reader, depth: depth + 1))
      }
      return .array(elements)
    case .map:
      try check(depth, reader)
      var entries: [Entry] = []
      for _ in 0..<(try reader.readMapHeader()) {
        let key = try read(&reader, depth: depth + 1)
        entries.append(Entry(key: key, value: try read(&reader, depth: depth + 1)))
      }
      return .map(entries)
    }
  }

  private static func check(
    _ depth: Int, _ reader: MessagePackReader
  ) throws(MessagePackError) {
    guard depth < reader.limits.depth else {
      throw .tooDeep(at: reader.offset, limit: reader.limits.depth)
    }
  }

  private static func readInteger(
    _ reader: inout MessagePackReader
  ) throws(MessagePackError) -> Self {
    // Only what is above Int64.max does not fit.
    if let value = try? reader.readInt64() { return .int(value) }
    return .uint(try reader.readUInt64())
  }

  private static func readFloat(
    _ reader: inout MessagePackReader
  ) throws(MessagePackError) -> Self {
    if try reader.peekByte() == FormatByte.float32 { return .float(try reader.readFloat()) }
    return .double(try reader.readDouble())
  }
}
