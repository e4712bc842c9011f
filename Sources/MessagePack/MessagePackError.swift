/// The reason that bytes could not be packed or unpacked.
///
/// ``MessagePackDecoder`` and ``MessagePackEncoder`` throw the standard `DecodingError` and
/// `EncodingError`; this error is then the context's `underlyingError` where there is one.
public struct MessagePackError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of a failure.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Kind: Hashable {
      case endOfData
      case typeMismatch
      case overflow
      case invalidUTF8
      case tooDeep
      case tooLarge
      case trailingBytes
      case unsupported
      case misuse
    }

    private let kind: Kind

    /// The data ends within a value, or claims more bytes than are left.
    public static let endOfData = Self(kind: .endOfData)
    /// The data holds a value of another kind.
    public static let typeMismatch = Self(kind: .typeMismatch)
    /// A number does not fit the requested type.
    public static let overflow = Self(kind: .overflow)
    /// A string is not valid UTF-8.
    public static let invalidUTF8 = Self(kind: .invalidUTF8)
    /// Values are nested deeper than the limit.
    public static let tooDeep = Self(kind: .tooDeep)
    /// A string, binary or collection is longer than the limit.
    public static let tooLarge = Self(kind: .tooLarge)
    /// Bytes follow the value that should have been the only one.
    public static let trailingBytes = Self(kind: .trailingBytes)
    /// The byte 0xc1, which no value starts with, or a type without a MessagePack form.
    public static let unsupported = Self(kind: .unsupported)
    /// A coder or container was used in an order that `Codable` does not allow.
    public static let misuse = Self(kind: .misuse)

    /// The code's name.
    public var description: String { "\(kind)" }
  }

  /// The kind of failure.
  public let code: Code
  /// The expected and the found form, as a text for people.
  public let message: String
  /// The offset in the data, in bytes from its start; nil when packing.
  public let offset: Int?

  /// Creates an error.
  public init(code: Code, message: String, offset: Int? = nil) {
    self.code = code
    self.message = message
    self.offset = offset
  }

  /// The code, the place and the message in one line.
  public var description: String {
    let place = offset.map { " at byte \($0)" } ?? ""
    return "MessagePack \(code)\(place): \(message)"
  }
}

// Out of line, so that the hot paths carry a call and not the building of a text.
extension MessagePackError {
  @usableFromInline @inline(never)
  static func endOfData(at offset: Int, needed: Int, remaining: Int) -> Self {
    Self(
      code: .endOfData, message: "\(needed) more bytes are needed and \(remaining) are left",
      offset: offset)
  }

  @usableFromInline @inline(never)
  static func typeMismatch(at offset: Int, expected: String, found byte: UInt8) -> Self {
    guard let kind = MessagePackKind(formatByte: byte) else {
      return Self(
        code: .unsupported, message: "no value starts with the byte 0x\(String(byte, radix: 16))",
        offset: offset)
    }
    return Self(
      code: .typeMismatch, message: "expected \(expected), found \(kind)", offset: offset)
  }

  @usableFromInline @inline(never)
  static func overflow(at offset: Int, value: String, type: String) -> Self {
    Self(code: .overflow, message: "\(value) does not fit \(type)", offset: offset)
  }

  @usableFromInline @inline(never)
  static func tooLarge(at offset: Int, what: String, length: Int, limit: Int) -> Self {
    Self(
      code: .tooLarge, message: "\(what) of length \(length) is longer than the limit \(limit)",
      offset: offset)
  }

  @usableFromInline @inline(never)
  static func tooDeep(at offset: Int?, limit: Int) -> Self {
    Self(
      code: .tooDeep, message: "values are nested deeper than the limit \(limit)", offset: offset)
  }

  @usableFromInline @inline(never)
  static func invalidUTF8(at offset: Int) -> Self {
    Self(code: .invalidUTF8, message: "a string is not valid UTF-8", offset: offset)
  }

  @usableFromInline @inline(never)
  static func trailingBytes(at offset: Int, count: Int) -> Self {
    Self(code: .trailingBytes, message: "\(count) bytes follow the value", offset: offset)
  }
}
