/// Encodes `Encodable` values as MessagePack.
///
/// - Keyed containers become maps with string keys, also if the keys have integers as well.
///   Dictionaries follow the standard library: string and integer keys make a map with string
///   keys, other keys an array of keys and values in turn.
/// - `[UInt8]` and `ContiguousArray<UInt8>` become binary. Other arrays
///   become arrays; those of scalars and strings are coded without a container per element.
/// - Integers take their smallest format, `Float` and `Double` their own. `Int128` and `UInt128`
///   have no form and are refused.
///
/// Errors are an `EncodingError`, or the value's own error. A nesting deeper than ``maximumDepth``
/// is an error, so that the stack does not overflow.
public struct MessagePackEncoder: Sendable {
  /// Context that values can read from their encoder.
  public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

  /// How many values and nested containers may be nested in one another.
  public var maximumDepth = MessagePackLimits.default.depth

  /// Creates an encoder.
  public init() {}

  /// Encodes a value into new bytes.
  ///
  /// - Throws: An `EncodingError`, also for values nested too deep; the value's own error.
  public func encode<T: Encodable>(_ value: T) throws -> [UInt8] {
    // A second copy only matters if it is large.
    if T.self == [UInt8].self, let bytes = Self.pack(unsafeBitCast(value, to: [UInt8].self)) {
      return bytes
    }
    return try Self.bytes { try encode(value, into: &$0) }
  }

  /// The bytes that a closure packs.
  public static func bytes(_ pack: (inout MessagePackWriter) throws -> Void) rethrows -> [UInt8] {
    var writer = MessagePackWriter(WriterStorage.spare.take() ?? WriterStorage(capacity: 128))
    try pack(&writer)
    defer { WriterStorage.keep(writer.storage) }
    return writer.bytes
  }

  /// Appends a value to a writer; an error leaves the writer unchanged.
  ///
  /// Reusing a writer saves its first allocations.
  ///
  /// - Throws: An `EncodingError`, also for values nested too deep; the value's own error.
  @inlinable
  public func encode<T: Encodable>(_ value: T, into writer: inout MessagePackWriter) throws {
    if T.self == Int.self {
      writer.pack(unsafeBitCast(value, to: Int.self))
    } else if T.self == Double.self {
      writer.pack(unsafeBitCast(value, to: Double.self))
    } else if T.self == String.self {
      writer.pack(unsafeBitCast(value, to: String.self))
    } else if T.self == Bool.self {
      writer.pack(unsafeBitCast(value, to: Bool.self))
    } else {
      try encodeAny(value, into: &writer)
    }
  }

  @usableFromInline
  func encodeAny<T: Encodable>(_ value: T, into writer: inout MessagePackWriter) throws {
    let buffer = writer.unique()
    let start = buffer.pointee.count
    var core = EncoderCore.spare.take() ?? EncoderCore(buffer: buffer)
    core.buffer = buffer
    core.reset(depth: 0, maximumDepth: maximumDepth, options: userInfo)
    core.frame.kind = .single
    defer { EncoderCore.keep(&core) }
    do {
      if core.packScalar(value) { return }
      try core.encodeComposite(value, nil)
    } catch {
      buffer.pointee.count = start
      throw error
    }
  }

  /// Packs binary with one copy of its bytes instead of two; nil if it is too long.
  private static func pack(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count <= 0xffff_ffff else { return nil }
    let header: [UInt8] =
      switch bytes.count {
      case ..<0x100: [FormatByte.bin8, UInt8(bytes.count)]
      case ..<0x1_0000: [FormatByte.bin16, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)]
      default: [FormatByte.bin32] + (0..<4).map { UInt8(bytes.count >> (24 - 8 * $0) & 0xff) }
      }
    var packed: [UInt8] = []
    packed.reserveCapacity(header.count + bytes.count)
    packed += header
    packed += bytes
    return packed
  }
}
