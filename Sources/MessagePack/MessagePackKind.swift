/// The kinds of MessagePack values.
public enum MessagePackKind: Hashable, Sendable {
  /// No value.
  case `nil`
  /// True or false.
  case bool
  /// An integer, signed or unsigned, of any width.
  case integer
  /// A floating-point number of single or double precision.
  case float
  /// A string of UTF-8.
  case string
  /// Bytes.
  case binary
  /// A sequence of values.
  case array
  /// A sequence of keys with their values.
  case map
  /// Bytes with an application's type number.
  case `extension`

  /// The kind of value that starts with a format byte; nil for 0xc1, which starts none.
  @inlinable
  public init?(formatByte byte: UInt8) {
    switch byte {
    case 0x00...0x7f, 0xcc...0xd3, 0xe0...0xff: self = .integer
    case 0x80...0x8f, 0xde, 0xdf: self = .map
    case 0x90...0x9f, 0xdc, 0xdd: self = .array
    case 0xa0...0xbf, 0xd9...0xdb: self = .string
    case 0xc0: self = .nil
    case 0xc2, 0xc3: self = .bool
    case 0xc4...0xc6: self = .binary
    case 0xc7...0xc9, 0xd4...0xd8: self = .extension
    case 0xca, 0xcb: self = .float
    default: return nil
    }
  }
}
