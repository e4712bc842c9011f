import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import Testing

@Suite("MessagePack round trips")
struct RoundTripTests {
  @Test func randomValues() throws {
    var generator = SeededGenerator.announced("random values")
    for _ in 0..<2_000 {
      let value = generator.value()
      let bytes = value.packed
      #expect(try MessagePackValue(bytes) == value)
      var reader = MessagePackReader(bytes)
      try reader.skipValue()
      #expect(reader.isAtEnd)
    }
  }

  struct Everything: Codable, Equatable {
    var int: Int
    var int8: Int8
    var int16: Int16
    var int32: Int32
    var int64: Int64
    var uint: UInt
    var uint8: UInt8
    var uint16: UInt16
    var uint32: UInt32
    var uint64: UInt64
    var float: Float
    var double: Double
    var bool: Bool
    var string: String
    var bytes: [UInt8]
    var maybe: Int?
    var ints: [Int]
    var ints8: [Int8]
    var uints64: [UInt64]
    var doubles: [Double]
    var strings: [String]
    var bools: [Bool?]
    var table: [String: [Int16]]
    var numbered: [Int: String]

    init(_ generator: inout SeededGenerator) {
      func number<T: FixedWidthInteger>() -> T {
        T(truncatingIfNeeded: generator.next() >> (generator.next() & 63))
      }
      int = number()
      int8 = number()
      int16 = number()
      int32 = number()
      int64 = number()
      uint = number()
      uint8 = number()
      uint16 = number()
      uint32 = number()
      uint64 = number()
      float = Float(int32)
      double = Double(int) / 3
      bool = int > 0
      string = generator.string()
      bytes = generator.bytes(generator.length())
      maybe = bool ? nil : number()
      ints = (0..<generator.length()).map { _ in number() }
      ints8 = (0..<min(generator.length(), 40)).map { _ in number() }
      uints64 = (0..<generator.length()).map { _ in number() }
      doubles = ints.map { Double($0) * 0.7 }
      strings = (0..<Int(uint8 & 31)).map { _ in generator.string() }
      bools = ints8.map { $0 == 0 ? nil : $0 > 0 }
      let keys = Set(strings)
      table = Dictionary(uniqueKeysWithValues: keys.map { ($0, [number(), number()]) })
      numbered = Dictionary(ints.prefix(20).map { ($0, "\($0)") }) { first, _ in first }
    }
  }

  @Test func randomStructs() throws {
    var generator = SeededGenerator.announced("random structs")
    let encoder = MessagePackEncoder()
    let decoder = MessagePackDecoder()
    var writer = MessagePackWriter()
    var written: [Everything] = []
    for _ in 0..<300 {
      let value = Everything(&generator)
      let bytes = try encoder.encode(value)
      #expect(try decoder.decode(Everything.self, from: bytes) == value)
      // What the encoder writes is well formed, and small containers have small headers.
      #expect(try MessagePackValue(bytes).packed == bytes)
      try encoder.encode(value, into: &writer)
      written.append(value)
    }
    var reader = MessagePackReader(writer.bytes)
    for value in written {
      #expect(try decoder.decode(Everything.self, from: &reader) == value)
    }
    #expect(reader.isAtEnd)
  }

  @Test(arguments: [0, 1, 254, 255, 256, 65_535, 65_536])
  func binaryIsWrittenAndReadWithoutAWriterToo(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    var writer = MessagePackWriter()
    writer.packBinary(bytes)
    let header = MessagePackWriter.binaryHeader(of: count)
    let head = (0..<header.count).map { UInt8(truncatingIfNeeded: header.bytes >> (8 * $0)) }
    #expect(head + bytes == writer.bytes)
    let decoder = MessagePackDecoder()
    #expect(writer.withUnsafeBytes { decoder.decodeBinary(from: $0) } == bytes)
    // One byte too few or too many is no binary that is all there is.
    let (short, long) = (writer.bytes.dropLast(), writer.bytes + [0])
    #expect(short.withUnsafeBytes { decoder.decodeBinary(from: $0) } == nil)
    #expect(long.withUnsafeBytes { decoder.decodeBinary(from: $0) } == nil)
  }

  @Test func writersAreValues() {
    var first = MessagePackWriter()
    first.pack(1)
    var second = first
    second.pack(2)
    first.pack("x")
    #expect(first.bytes == hex("01a178"))
    #expect(second.bytes == hex("0102"))
    second.removeAll()
    second.appendRaw([1, 2, 3])
    second.appendRaw([9, 4, 9][1..<2])
    #expect(second.count == 4)
    #expect(second.withUnsafeBytes { [UInt8]($0) } == [1, 2, 3, 4])
    #expect(first.bytes == hex("01a178"))
  }

  @Test func largeBinaryIsCopiedNotLooped() throws {
    struct Block: Codable {
      var name: String
      var data: [UInt8]
    }
    let data = [UInt8](repeating: 0xa5, count: 64 << 20)
    let elapsed = try ContinuousClock().measure {
      let bytes = try MessagePackEncoder().encode(Block(name: "large", data: data))
      #expect(bytes.count == data.count + 5 + 22 - 5)
      #expect(try MessagePackDecoder().decode(Block.self, from: bytes).data == data)
      let bare = try MessagePackEncoder().encode(data)
      #expect(bare.count == data.count + 5)
      #expect(try MessagePackDecoder().decode([UInt8].self, from: bare) == data)
    }
    // Work per byte would take much longer, in a debug build above all.
    #expect(elapsed < .seconds(20).scaled)
  }
}
