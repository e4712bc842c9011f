/// The first bytes of the MessagePack formats, by the names of the specification.
@usableFromInline
enum FormatByte {
  @inlinable static var fixmap: UInt8 { 0x80 }
  @inlinable static var fixarray: UInt8 { 0x90 }
  @inlinable static var fixstr: UInt8 { 0xa0 }
  @inlinable static var null: UInt8 { 0xc0 }
  @inlinable static var no: UInt8 { 0xc2 }
  @inlinable static var yes: UInt8 { 0xc3 }
  @inlinable static var bin8: UInt8 { 0xc4 }
  @inlinable static var bin16: UInt8 { 0xc5 }
  @inlinable static var bin32: UInt8 { 0xc6 }
  @inlinable static var ext8: UInt8 { 0xc7 }
  @inlinable static var ext16: UInt8 { 0xc8 }
  @inlinable static var ext32: UInt8 { 0xc9 }
  @inlinable static var float32: UInt8 { 0xca }
  @inlinable static var float64: UInt8 { 0xcb }
  @inlinable static var uint8: UInt8 { 0xcc }
  @inlinable static var uint16: UInt8 { 0xcd }
  @inlinable static var uint32: UInt8 { 0xce }
  @inlinable static var uint64: UInt8 { 0xcf }
  @inlinable static var int8: UInt8 { 0xd0 }
  @inlinable static var int16: UInt8 { 0xd1 }
  @inlinable static var int32: UInt8 { 0xd2 }
  @inlinable static var int64: UInt8 { 0xd3 }
  @inlinable static var fixext1: UInt8 { 0xd4 }
  @inlinable static var fixext2: UInt8 { 0xd5 }
  @inlinable static var fixext4: UInt8 { 0xd6 }
  @inlinable static var fixext8: UInt8 { 0xd7 }
  @inlinable static var fixext16: UInt8 { 0xd8 }
  @inlinable static var str8: UInt8 { 0xd9 }
  @inlinable static var str16: UInt8 { 0xda }
  @inlinable static var str32: UInt8 { 0xdb }
  @inlinable static var array16: UInt8 { 0xdc }
  @inlinable static var array32: UInt8 { 0xdd }
  @inlinable static var map16: UInt8 { 0xde }
  @inlinable static var map32: UInt8 { 0xdf }
}
