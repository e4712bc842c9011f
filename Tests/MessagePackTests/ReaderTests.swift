import ProcessTreeMessagePack
import ProcessTreeTestSettings
import Testing

@Suite("MessagePack reader")
struct ReaderTests {
  @Test func readsOneValueAfterTheOther() throws {
    var writer = MessagePackWriter(capacity: 0)
    writer.packArrayHeader(2)
    writer.pack(7)
    writer.pack("x")
    writer.packMapHeader(1)
    writer.pack(UInt64.max)
    writer.packBinary([1, 2])
    writer.packExtension(type: 3, [4])
    writer.packNil()
    var reader = MessagePackReader(writer.bytes)
    #expect(try reader.readArrayHeader() == 2)
    #expect(try reader.readInt() == 7)
    #expect(try reader.peekKind() == .string)
    #expect(try reader.readString() == "x")
    #expect(try reader.readMapHeader() == 1)
    #expect(try reader.readUInt64() == UInt64.max)
    #expect(try reader.readBinary() == [1, 2])
    let ext = try reader.readExtension()
    #expect(ext.type == 3 && ext.bytes == [4])
    #expect(try reader.readNil())
    #expect(reader.isAtEnd)
    #expect(throws: MessagePackError.self) { try reader.readNil() }
  }

  @Test func aSliceIsReadFromItsStart() throws {
    let bytes: [UInt8] = [0xff, 0xff, 0x01, 0x92, 0x02, 0x03, 0xff]
    var reader = MessagePackReader(bytes[2..<6])
    #expect(try reader.readInt() == 1)
    #expect(try reader.readRawValue() == bytes[3..<6])
    #expect(reader.offset == 4 && reader.isAtEnd)
  }

  static let mismatches: [(String, MessagePackError.Code)] = [
    ("", .endOfData), ("c1", .unsupported), ("c0", .typeMismatch), ("a0", .typeMismatch),
    ("cb3ff0000000000000", .typeMismatch), ("cc", .endOfData), ("cd00", .endOfData),
    ("cd0100", .overflow), ("ff", .overflow), ("d0ff", .overflow), ("80", .typeMismatch),
  ]

  @Test(arguments: mismatches)
  func aByteIsNotReadFrom(_ digits: String, _ code: MessagePackError.Code) {
    for padding in ["", "000000000000000000"] where padding.isEmpty || code != .endOfData {
      var reader = MessagePackReader(hex(digits + padding))
      let error = #expect(throws: MessagePackError.self) { try reader.readInteger(as: UInt8.self) }
      #expect(error?.code == code)
      #expect(error?.offset != nil)
      #expect(reader.offset == 0)
    }
  }

  @Test func aFailedReadStaysInPlace() {
    for body in 0..<8 {
      let bytes = [0xda, 0, 200] + [UInt8](repeating: 65, count: body)
      var reader = MessagePackReader(bytes)
      #expect(throws: MessagePackError.self) { try reader.readString() }
      #expect(throws: MessagePackError.self) { try reader.readBinary() }
      #expect(throws: MessagePackError.self) { try reader.readArrayHeader() }
      #expect(throws: MessagePackError.self) { try reader.readMapHeader() }
      #expect(throws: MessagePackError.self) { try reader.readExtension() }
      #expect(throws: MessagePackError.self) { try reader.readBool() }
      #expect(throws: MessagePackError.self) { try reader.readDouble() }
      #expect(throws: MessagePackError.self) { try reader.readFloat() }
      #expect(reader.offset == 0)
    }
  }

  @Test(arguments: ["a180", "a2c3a9", "a3eda080", "a4f4908080", "a2c0af", "a1ff", "a161"])
  func stringsAreValidUTF8(_ digits: String) throws {
    var reader = MessagePackReader(hex(digits))
    let valid = digits == "a161" || digits == "a2c3a9"
    if valid {
      _ = try reader.readString()
    } else {
      let error = #expect(throws: MessagePackError.self) { try reader.readString() }
      #expect(error?.code == .invalidUTF8)
    }
  }

  static let claims = [
    "dbffffffff", "c6ffffffff", "c9ffffffff05", "ddffffffff", "dfffffffff", "daffff", "dcffff",
    "deffff", "c8ffff01", "df80000000", "dd7fffffff01",
  ]

  @Test(arguments: claims)
  func claimedLengthsFailAtOnce(_ digits: String) {
    let bytes = hex(digits) + [0, 0, 0]
    for body: (inout MessagePackReader) throws -> Void in [
      { _ = try MessagePackValue(reading: &$0) }, { try $0.skipValue() },
      { _ = try MessagePackDecoder().decode([Int].self, from: &$0) },
      { _ = try MessagePackDecoder().decode([String: Int].self, from: &$0) },
      { _ = try MessagePackDecoder().decode([[String]].self, from: &$0) },
      { _ = try MessagePackDecoder().decode([UInt8].self, from: &$0) },
      { _ = try MessagePackDecoder().decode(String.self, from: &$0) },
    ] {
      var reader = MessagePackReader(bytes)
      let elapsed = ContinuousClock().measure {
        #expect(throws: (any Error).self) { try body(&reader) }
      }
      #expect(elapsed < .seconds(10).scaled)
      #expect(reader.offset == 0)
    }
  }

  @Test func numbersConvertOnlyExactly() throws {
    func double(_ value: MessagePackValue) throws -> Double {
      var reader = MessagePackReader(value.packed)
      return try reader.readDouble()
    }
    func float(_ value: MessagePackValue) throws -> Float {
      var reader = MessagePackReader(value.packed)
      return try reader.readFloat()
    }
    #expect(try double(.float(1.5)) == 1.5)
    #expect(try double(-7) == -7)
    #expect(try double(.uint(1 << 63)) == 9_223_372_036_854_775_808)
    #expect(throws: MessagePackError.self) { try double(.int((1 << 53) + 1)) }
    #expect(throws: MessagePackError.self) { try double(.uint(UInt64.max)) }
    #expect(try float(.double(0.1)) == 0.1)
    #expect(try float(.double(.infinity)) == .infinity)
    #expect(try float(16_777_216) == 16_777_216)
    #expect(throws: MessagePackError.self) { try float(16_777_217) }
    #expect(throws: MessagePackError.self) { try float(.double(1e300)) }
  }
}
