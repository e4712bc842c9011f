import ProcessTreeMessagePack
import Testing

@Suite("Codable to MessagePack")
struct CodableMatrixTests {
  func check<T: Codable & Equatable>(
    _ value: T, _ expected: MessagePackValue? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = try MessagePackEncoder().encode(value)
    if let expected {
      #expect(try MessagePackValue(bytes) == expected, sourceLocation: sourceLocation)
    }
    #expect(
      try MessagePackDecoder().decode(T.self, from: bytes) == value,
      sourceLocation: sourceLocation)
    // With bytes before and after.
    let padded = [1, 2, 3] + bytes + [4]
    #expect(
      try MessagePackDecoder().decode(T.self, from: padded[3..<(3 + bytes.count)]) == value,
      sourceLocation: sourceLocation)
  }

  @Test func scalarsAtTopLevel() throws {
    try check(5, 5)
    try check(Int8.min, -128)
    try check(Int16.min, -32_768)
    try check(Int32.max, 2_147_483_647)
    try check(Int64.min, .int(.min))
    try check(UInt8.max, 255)
    try check(UInt16.max, 65_535)
    try check(UInt32.max, 4_294_967_295)
    try check(UInt64.max, .uint(.max))
    try check(UInt.max, .uint(.max))
    try check(true, true)
    try check(Float(0.1), .float(0.1))
    try check(0.1, .double(0.1))
    try check("漢字 👩‍👩‍👧 e\u{301}", "漢字 👩‍👩‍👧 e\u{301}")
    try check("", "")
    #expect(
      try MessagePackDecoder().decode(
        Float.self, from: try MessagePackEncoder().encode(Float.nan)
      ).isNaN)
  }

  @Test func optionals() throws {
    try check(Int?.none, nil)
    try check(Int?.some(3), 3)
    try check([1, nil, 3] as [Int?], [1, nil, 3])
    try check([[UInt8]?.none, [1]], [nil, .binary([1])])
    struct Fields: Codable, Equatable {
      var first: Int?
      var second: String?
      var third: [Int]?
    }
    try check(Fields(first: nil, second: nil, third: nil), [:])
    try check(Fields(first: 1, second: nil, third: [2]), ["first": 1, "third": [2]])
    let nils = MessagePackValue.map([
      .init(key: "third", value: nil), .init(key: "first", value: nil),
    ])
    #expect(
      try MessagePackDecoder().decode(Fields.self, from: nils.packed)
        == Fields(first: nil, second: nil, third: nil))
  }

  @Test func arrays() throws {
    try check([Int](), [])
    try check([UInt8](), .binary([]))
    try check([1, 2, 3] as [UInt8], .binary([1, 2, 3]))
    try check(ContiguousArray([1, 2, 3] as [UInt8]), .binary([1, 2, 3]))
    try check([[1], [], [2, 3]], [[1], [], [2, 3]])
    try check([[[1.5]], []], [[[1.5]], []])
    try check([true, false], [true, false])
    try check([Float(1), .infinity], [.float(1), .float(.infinity)])
    try check([-1, 127, -128] as [Int8], [-1, 127, -128])
    try check([0, 65_535] as [UInt16], [0, 65_535])
    try check([0, UInt32.max], [0, 4_294_967_295])
    try check([0, UInt64.max], [0, .uint(.max)])
    try check(["", "a", "é"], ["", "a", "é"])
    try check((0..<70_000).map { $0 - 35_000 })
    try check((0..<70_000).map { ["\($0)"] })
    try check(Set([1, 2, 3]))
    try check(ContiguousArray([1, 2]), [1, 2])
  }

  @Test func dictionaries() throws {
    try check([String: Int](), [:])
    try check(["a": 1], ["a": 1])
    try check([7: "x"], ["7": "x"])
    try check(["7": 1, "07": 2, "+7": 3])
    try check(["a": ["b": ["c": [1, 2]]]], ["a": ["b": ["c": [1, 2]]]])
    try check([[1, 2]: "x"], [[1, 2], "x"])
    let many = Dictionary(uniqueKeysWithValues: (0..<70_000).map { ("key \($0)", $0) })
    try check(many)
    try check(["outer": Dictionary(uniqueKeysWithValues: (0..<40).map { ("\($0)", [$0]) })])
  }

  struct Point: Codable, Equatable {
    var x: Int
    var y: Int
  }

  struct Line: Codable, Equatable {
    var from: Point
    var to: Point
    var points: [Point]
    var named: [String: Point]
  }

  struct Empty: Codable, Equatable {}

  struct Pair<First: Codable & Equatable, Second: Codable & Equatable>: Codable, Equatable {
    var first: First
    var second: Second
  }

  @Test func structs() throws {
    try check(Point(x: 1, y: 2), ["x": 1, "y": 2])
    let line = Line(
      from: Point(x: 1, y: 2), to: Point(x: 3, y: 4),
      points: (0..<20).map { Point(x: $0, y: -$0) }, named: ["a": Point(x: 5, y: 6)])
    try check(line)
    try check(Empty(), [:])
    try check([Empty(), Empty()], [[:], [:]])
    try check(Pair(first: Pair(first: 1, second: "a"), second: [Point(x: 1, y: 1)]))
  }

  enum Shape: Codable, Equatable {
    case none
    case circle(radius: Double)
    case polygon([Point], closed: Bool)
    indirect case group([Shape], named: String)
  }

  enum Colour: String, Codable {
    case red
    case green
  }

  @Test func enums() throws {
    try check(Colour.green, "green")
    try check([Colour.red, .green], ["red", "green"])
    try check(Shape.none, ["none": [:]])
    try check(Shape.circle(radius: 2), ["circle": ["radius": 2.0]])
    try check(
      Shape.polygon([Point(x: 1, y: 2)], closed: true),
      ["polygon": ["_0": [["x": 1, "y": 2]], "closed": true]])
    let group = Shape.group((0..<40).map { .circle(radius: Double($0)) }, named: "many")
    try check(Shape.group([group, .none, group], named: "outer"))
  }

  @Test func fieldsInAnyOrderAndUnknownOnes() throws {
    let value = MessagePackValue.map([
      .init(key: "unknown", value: ["deep": [1, [2]]]), .init(key: "y", value: 2),
      .init(key: 9, value: "nine"), .init(key: nil, value: nil), .init(key: "x", value: 1),
      .init(key: "last", value: .binary([1])),
    ])
    #expect(
      try MessagePackDecoder().decode(
        [Point].self, from: MessagePackValue.array([value, value]).packed)
        == [Point(x: 1, y: 2), Point(x: 1, y: 2)])
  }

  @Test func foreignForms() throws {
    let decoder = MessagePackDecoder()
    let numbered = MessagePackValue.map([.init(key: 1, value: "a"), .init(key: -2, value: "b")])
    #expect(try decoder.decode([Int: String].self, from: numbered.packed) == [1: "a", -2: "b"])
    #expect(try decoder.decode([UInt8].self, from: MessagePackValue("hi").packed) == [104, 105])
    #expect(try decoder.decode([UInt8].self, from: hex("9301cc02ccff")) == [1, 2, 255])
    #expect(try decoder.decode([Double].self, from: hex("9301ca3fc00000ff")) == [1, 1.5, -1])
  }

  @Test func wideIntegersAreRefused() {
    let encoder = MessagePackEncoder()
    #expect(throws: EncodingError.self) { try encoder.encode(Int128(1)) }
    #expect(throws: EncodingError.self) { try encoder.encode([UInt128(1)]) }
    #expect(throws: EncodingError.self) { try encoder.encode(["a": Int128(1)]) }
    #expect(throws: DecodingError.self) { try MessagePackDecoder().decode(Int128.self, from: [1]) }
    #expect(throws: DecodingError.self) {
      try MessagePackDecoder().decode([UInt128].self, from: [0x91, 1])
    }
  }
}
