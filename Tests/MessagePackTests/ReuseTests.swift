import ProcessTreeMessagePack
import Testing

/// Encoders, decoders and their containers are used again for further values.
@Suite("Reuse of coders")
struct ReuseTests {
  struct Leaf: Codable, Equatable {
    var name: String
    var tags: [String]
    var size: Int?
  }

  final class Chain: Codable {
    var number: Int
    var next: Chain?
    var after: Int

    init(_ number: Int, _ next: Chain?) {
      self.number = number
      self.next = next
      after = -number
    }
  }

  /// Keeps what it is decoded with.
  struct Keeping: Decodable {
    enum CodingKeys: CodingKey { case name, tags, size }

    let decoder: any Decoder
    let container: KeyedDecodingContainer<CodingKeys>
    let name: String

    init(from decoder: any Decoder) throws {
      self.decoder = decoder
      container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
    }
  }

  static let leaves = (0..<300).map {
    Leaf(name: "leaf \($0)", tags: ["a", "b-\($0)"], size: $0.isMultiple(of: 3) ? nil : $0)
  }

  func roundTrip<T: Codable>(_ value: T) throws -> T {
    try MessagePackDecoder().decode(T.self, from: MessagePackEncoder().encode(value))
  }

  @Test func valuesWithinValuesOfOneTypeHaveContainersOfTheirOwn() throws {
    let chain = try roundTrip((1...50).reduce(Chain(0, nil)) { Chain($1, $0) })
    var next: Chain? = chain
    for number in (0...50).reversed() {
      #expect(next?.number == number && next?.after == -number)
      next = next?.next
    }
    #expect(next == nil)
  }

  @Test func aKeptContainerReadsNoOtherValue() throws {
    let bytes = try MessagePackEncoder().encode(Self.leaves)
    let kept = try MessagePackDecoder().decode([Keeping].self, from: bytes)
    #expect(kept.map(\.name) == Self.leaves.map(\.name))
    #expect(try MessagePackDecoder().decode([Leaf].self, from: bytes) == Self.leaves)
    for value in kept.prefix(100) {
      #expect(throws: DecodingError.self) {
        try value.container.decode(String.self, forKey: .name)
      }
      #expect(value.container.allKeys.isEmpty && value.container.contains(.name) == false)
      #expect(throws: DecodingError.self) {
        try value.decoder.container(keyedBy: Keeping.CodingKeys.self)
      }
    }
  }

  @Test func aKeptContainerIsRefusedWhileALaterValueIsDecoded() throws {
    /// Decodes leaves, and asks the container of the first one each time.
    struct Mixing: Decodable {
      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        let first = try list.decode(Keeping.self)
        while !list.isAtEnd {
          let later = try list.decode(Keeping.self)
          #expect(later.name != first.name)
          #expect(throws: DecodingError.self) {
            try first.container.decode(String.self, forKey: .name)
          }
        }
      }
    }
    let bytes = try MessagePackEncoder().encode(Self.leaves)
    _ = try MessagePackDecoder().decode(Mixing.self, from: bytes)
  }

  @Test func anErrorLeavesNoTraceInTheNextCall() throws {
    struct Failing: Codable {
      enum CodingKeys: CodingKey { case leaves }
      var leaves: [Leaf]
      struct Error: Swift.Error {}
      init() { leaves = ReuseTests.leaves }
      init(from decoder: any Decoder) throws {
        leaves = try decoder.container(keyedBy: CodingKeys.self).decode(
          [Leaf].self, forKey: .leaves)
        throw Error()
      }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(leaves, forKey: .leaves)
        throw Error()
      }
    }
    let bytes = try MessagePackEncoder().encode(["leaves": Self.leaves])
    for _ in 0..<3 {
      #expect(throws: Failing.Error.self) { try MessagePackEncoder().encode([Failing()]) }
      #expect(throws: Failing.Error.self) {
        try MessagePackDecoder().decode(Failing.self, from: bytes)
      }
      let leaves = try roundTrip(Self.leaves)
      #expect(leaves == Self.leaves)
    }
  }

  @Test func anErrorInAnArrayNamesItsElement() throws {
    let broken: MessagePackValue = [
      ["name": "a", "tags": []], ["name": "b", "tags": ["c", 5]],
    ]
    let error = #expect(throws: DecodingError.self) {
      try MessagePackDecoder().decode(
        [String: [Leaf]].self, from: (["x": broken] as MessagePackValue).packed)
    }
    guard case .typeMismatch(_, let context) = error else {
      Issue.record("another error, or none")
      return
    }
    #expect(context.codingPath.map(\.stringValue) == ["x", "Index 1", "tags"])
  }

  @Test func anErrorInALongArrayNamesItsElement() throws {
    struct Odd: Encodable {
      let number: Int
      func encode(to encoder: any Encoder) throws {
        let context = EncodingError.Context(codingPath: encoder.codingPath, debugDescription: "")
        guard number != 70 else { throw EncodingError.invalidValue(number, context) }
      }
    }
    let encoding = #expect(throws: EncodingError.self) {
      try MessagePackEncoder().encode(["x": (0..<100).map(Odd.init)])
    }
    guard case .invalidValue(_, let place) = encoding else {
      Issue.record("another error, or none")
      return
    }
    #expect(place.codingPath.map(\.stringValue) == ["x", "Index 70"])
    var leaves = [MessagePackValue](repeating: ["name": "a", "tags": [], "size": 1], count: 100)
    leaves[70] = ["name": "b", "tags": ["c", 5]]
    let decoding = #expect(throws: DecodingError.self) {
      try MessagePackDecoder().decode([Leaf].self, from: MessagePackValue.array(leaves).packed)
    }
    guard case .typeMismatch(_, let context) = decoding else {
      Issue.record("another error, or none")
      return
    }
    #expect(context.codingPath.map(\.stringValue) == ["Index 70", "tags"])
  }

  @Test func aHeaderThatPromisesTooMuchIsAnError() throws {
    // 16 million elements, and bytes for four.
    let bytes: [UInt8] = [0xdd, 0x01, 0, 0, 0, 0x80, 0x80, 0x80, 0x80]
    #expect(throws: DecodingError.self) {
      try MessagePackDecoder().decode([Leaf].self, from: bytes)
    }
    let nested = [0x92, 0x90] + bytes
    #expect(throws: DecodingError.self) {
      try MessagePackDecoder().decode([[Leaf]].self, from: nested)
    }
  }

  @Test func arraysLargerThanTheirReserveAreWhole() throws {
    let leaves = (0..<40_000).map { Leaf(name: String($0), tags: [], size: $0) }
    #expect(try roundTrip(leaves) == leaves)
    #expect(try roundTrip([leaves, [], leaves]) == [leaves, [], leaves])
  }

  @Test func keysHaveTheirOwnNames() throws {
    /// A key that is one byte and no case.
    struct Byte: CodingKey {
      var byte: UInt8
      init(_ byte: UInt8) { self.byte = byte }
      init?(stringValue: String) { nil }
      init?(intValue: Int) { nil }
      var stringValue: String { byte == 7 ? "seven, a key of many bytes" : "k" + String(byte) }
      var intValue: Int? { nil }
    }
    struct Bytes: Codable, Equatable {
      var values: [Int]
      init(_ values: [Int]) { self.values = values }
      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Byte.self)
        values = try (0...UInt8.max).map { try container.decode(Int.self, forKey: Byte($0)) }
      }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Byte.self)
        for (key, value) in values.enumerated() {
          try container.encode(value, forKey: Byte(UInt8(key)))
        }
      }
    }
    let bytes = (0..<3).map { factor in Bytes((0...255).map { $0 * factor }) }
    #expect(try roundTrip(bytes) == bytes)
    let value = try MessagePackValue(try MessagePackEncoder().encode(bytes))
    let plain = try MessagePackDecoder().decode([[String: Int]].self, from: value.packed)
    #expect(plain.last?["k9"] == 18 && plain.last?.count == 256)
  }

  @Test func shortStringsAreEqualToThoseOfTheLibrary() throws {
    for length in 0...40 {
      for unit in ["a", "~", "\0", "é", "e\u{301}"] {
        let string = String(repeating: unit, count: length)
        let decoded = try roundTrip([string, string])
        #expect(decoded == [string, string])
        #expect(Set(decoded + [string]).count == 1)
        #expect(Array(decoded[0].utf8) == Array(string.utf8))
        #expect(decoded[0].count == string.count && decoded[0] + "!" == string + "!")
        // In the middle of packed bytes too, where more bytes follow.
        let leaf = Leaf(name: string, tags: [string], size: nil)
        #expect(try roundTrip(Array(repeating: leaf, count: 3)) == Array(repeating: leaf, count: 3))
      }
    }
    let invalid: [UInt8] =
      [0x92, 0xa3, 0x61, 0xff, 0x61] + [0xb0] + Array(repeating: 0x61, count: 16)
    #expect(throws: DecodingError.self) {
      try MessagePackDecoder().decode([String].self, from: invalid)
    }
  }

  @Test func threadsDoNotShareACoder() async throws {
    let bytes = try MessagePackEncoder().encode(Self.leaves)
    try await withThrowingTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<50 {
            let encoded = try MessagePackEncoder().encode(Self.leaves)
            let decoded = try MessagePackDecoder().decode([Leaf].self, from: bytes)
            #expect(encoded == bytes && decoded == Self.leaves)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
