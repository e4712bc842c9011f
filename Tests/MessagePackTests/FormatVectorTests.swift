import ProcessTreeMessagePack
import Testing

@Suite("MessagePack format vectors")
struct FormatVectorTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    let value: MessagePackValue
    let bytes: [UInt8]

    init(_ value: MessagePackValue, _ head: String, body: [UInt8] = []) {
      self.value = value
      bytes = hex(head) + body
    }

    var testDescription: String { "\(bytes.prefix(6)) (\(bytes.count) bytes)" }
  }

  static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
  static func letters(_ count: Int) -> String { String(repeating: "a", count: count) }

  static let scalars: [Vector] = [
    Vector(nil, "c0"), Vector(false, "c2"), Vector(true, "c3"),
    Vector(0, "00"), Vector(1, "01"), Vector(127, "7f"),
    Vector(128, "cc80"), Vector(255, "ccff"),
    Vector(256, "cd0100"), Vector(65_535, "cdffff"),
    Vector(65_536, "ce00010000"), Vector(4_294_967_295, "ceffffffff"),
    Vector(4_294_967_296, "cf0000000100000000"),
    Vector(.int(Int64.max), "cf7fffffffffffffff"),
    Vector(.uint(UInt64(Int64.max) + 1), "cf8000000000000000"),
    Vector(.uint(UInt64.max), "cfffffffffffffffff"),
    Vector(-1, "ff"), Vector(-32, "e0"),
    Vector(-33, "d0df"), Vector(-128, "d080"),
    Vector(-129, "d1ff7f"), Vector(-32_768, "d18000"),
    Vector(-32_769, "d2ffff7fff"), Vector(-2_147_483_648, "d280000000"),
    Vector(-2_147_483_649, "d3ffffffff7fffffff"),
    Vector(.int(Int64.min), "d38000000000000000"),
    Vector(.float(0), "ca00000000"), Vector(.float(1.5), "ca3fc00000"),
    Vector(.float(-Float.infinity), "caff800000"),
    Vector(.double(0), "cb0000000000000000"), Vector(.double(-0.0), "cb8000000000000000"),
    Vector(.double(1.1), "cb3ff199999999999a"),
    Vector(.double(Double.infinity), "cb7ff0000000000000"),
  ]

  static let lengths: [Vector] = [
    Vector("", "a0"), Vector("a", "a161"), Vector("é漢", "a5c3a9e6bca2"),
    Vector(.string(letters(31)), "bf", body: [UInt8](letters(31).utf8)),
    Vector(.string(letters(32)), "d920", body: [UInt8](letters(32).utf8)),
    Vector(.string(letters(255)), "d9ff", body: [UInt8](letters(255).utf8)),
    Vector(.string(letters(256)), "da0100", body: [UInt8](letters(256).utf8)),
    Vector(.string(letters(65_535)), "daffff", body: [UInt8](letters(65_535).utf8)),
    Vector(.string(letters(65_536)), "db00010000", body: [UInt8](letters(65_536).utf8)),
    Vector(.binary([]), "c400"), Vector(.binary([0, 255]), "c40200ff"),
    Vector(.binary(zeros(255)), "c4ff", body: zeros(255)),
    Vector(.binary(zeros(256)), "c50100", body: zeros(256)),
    Vector(.binary(zeros(65_535)), "c5ffff", body: zeros(65_535)),
    Vector(.binary(zeros(65_536)), "c600010000", body: zeros(65_536)),
    Vector(.extension(type: 5, bytes: []), "c70005"),
    Vector(.extension(type: 5, bytes: [9]), "d40509"),
    Vector(.extension(type: -1, bytes: [1, 2]), "d5ff0102"),
    Vector(.extension(type: 127, bytes: zeros(4)), "d67f", body: zeros(4)),
    Vector(.extension(type: -128, bytes: zeros(8)), "d780", body: zeros(8)),
    Vector(.extension(type: 0, bytes: zeros(16)), "d800", body: zeros(16)),
    Vector(.extension(type: 1, bytes: zeros(3)), "c70301", body: zeros(3)),
    Vector(.extension(type: 1, bytes: zeros(17)), "c71101", body: zeros(17)),
    Vector(.extension(type: 1, bytes: zeros(255)), "c7ff01", body: zeros(255)),
    Vector(.extension(type: 1, bytes: zeros(256)), "c8010001", body: zeros(256)),
    Vector(.extension(type: 1, bytes: zeros(65_536)), "c90001000001", body: zeros(65_536)),
  ]

  static func map(_ count: Int) -> MessagePackValue {
    .map((0..<count).map { _ in .init(key: 0, value: 0) })
  }

  static let collections: [Vector] = [
    Vector([], "90"), Vector([1, nil], "9201c0"),
    Vector(.array(Array(repeating: 0, count: 15)), "9f", body: zeros(15)),
    Vector(.array(Array(repeating: 0, count: 16)), "dc0010", body: zeros(16)),
    Vector(.array(Array(repeating: 0, count: 65_535)), "dcffff", body: zeros(65_535)),
    Vector(.array(Array(repeating: 0, count: 65_536)), "dd00010000", body: zeros(65_536)),
    Vector([:], "80"), Vector(["a": 1, 2: [true]], "82a1610102 91c3"),
    Vector(map(15), "8f", body: zeros(30)),
    Vector(map(16), "de0010", body: zeros(32)),
    Vector(map(65_535), "deffff", body: zeros(131_070)),
    Vector(map(65_536), "df00010000", body: zeros(131_072)),
  ]

  @Test(arguments: scalars + lengths + collections)
  func packsAndReads(_ vector: Vector) throws {
    #expect(vector.value.packed == vector.bytes)
    #expect(try MessagePackValue(vector.bytes) == vector.value)
    var reader = MessagePackReader(vector.bytes)
    #expect(try reader.readRawValue() == vector.bytes[...])
    #expect(reader.isAtEnd)
  }

  @Test(arguments: scalars + lengths + collections)
  func everyPrefixIsTooShort(_ vector: Vector) throws {
    for length in Set((0..<min(vector.bytes.count, 40)) + [vector.bytes.count - 1]) {
      let prefix = [UInt8](vector.bytes.prefix(length))
      let error = #expect(throws: MessagePackError.self) { try MessagePackValue(prefix) }
      #expect(error?.code == .endOfData)
      var reader = MessagePackReader(prefix)
      #expect(throws: MessagePackError.self) { try reader.skipValue() }
      #expect(reader.offset == 0)
    }
  }

  @Test func nanKeepsItsBits() throws {
    var writer = MessagePackWriter()
    writer.pack(Float.nan)
    writer.pack(Double.nan)
    #expect(writer.bytes == hex("ca7fc00000 cb7ff8000000000000"))
    var reader = MessagePackReader(writer.bytes)
    #expect(try reader.readFloat().isNaN)
    #expect(try reader.readDouble().isNaN)
  }

  @Test func everyFirstByteIsAValueButOne() {
    for byte in UInt8.min...UInt8.max {
      #expect((MessagePackKind(formatByte: byte) == nil) == (byte == 0xc1))
    }
  }

  @Test func integersInWiderFormatsThanNeededAreRead() throws {
    for bytes in ["05", "cc05", "cd0005", "ce00000005", "cf0000000000000005"].map(hex)
      + ["d005", "d10005", "d200000005", "d30000000000000005"].map(hex)
    {
      for padding in [0, 12] {
        var reader = MessagePackReader(bytes + Self.zeros(padding))
        #expect(try reader.readInteger(as: UInt8.self) == 5)
        #expect(reader.remaining == padding)
      }
    }
  }
}
