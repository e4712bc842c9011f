import ProcessTreeMessagePack
import Testing

@Suite("Codable containers")
struct ContainerTests {
  enum Key: String, CodingKey {
    case a
    case b
    case c
    case longer = "a key of more than thirty-one bytes, which has a longer header"
  }

  /// Encodes by a closure.
  struct Custom: Encodable {
    let body: @Sendable (any Encoder) throws -> Void
    func encode(to encoder: any Encoder) throws { try body(encoder) }
  }

  /// Decodes by the closure in the decoder's user info.
  struct Reading: Decodable {
    static let body = CodingUserInfoKey(rawValue: "body")
    init(from decoder: any Decoder) throws {
      let body = try #require(Self.body.flatMap { decoder.userInfo[$0] })
      let read = try #require(body as? @Sendable (any Decoder) throws -> Void)
      try read(decoder)
    }
  }

  func encode(_ body: @escaping @Sendable (any Encoder) throws -> Void) throws -> MessagePackValue {
    try MessagePackValue(try MessagePackEncoder().encode(Custom(body: body)))
  }

  func decode(
    _ value: MessagePackValue, _ body: @escaping @Sendable (any Decoder) throws -> Void
  ) throws {
    var decoder = MessagePackDecoder()
    decoder.userInfo[try #require(Reading.body)] = body
    _ = try decoder.decode(Reading.self, from: value.packed)
  }

  class Base: Codable {
    var name: String
    init(name: String) { self.name = name }
  }

  final class Derived: Base {
    var size: Int

    private enum CodingKeys: CodingKey {
      case size
    }

    init(name: String, size: Int) {
      self.size = size
      super.init(name: name)
    }

    required init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      size = try container.decode(Int.self, forKey: .size)
      try super.init(from: try container.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try super.encode(to: container.superEncoder())
      try container.encode(size, forKey: .size)
    }
  }

  @Test func classesWithSuper() throws {
    let bytes = try MessagePackEncoder().encode([Derived(name: "n", size: 4)])
    #expect(try MessagePackValue(bytes) == [["super": ["name": "n"], "size": 4]])
    let read = try MessagePackDecoder().decode([Derived].self, from: bytes)
    #expect(read.first?.name == "n" && read.first?.size == 4)
  }

  @Test func nestedContainersMayBeFilledInAnyOrder() throws {
    let value = try encode { encoder in
      var container = encoder.container(keyedBy: Key.self)
      var first = container.nestedContainer(keyedBy: Key.self, forKey: .a)
      var second = container.nestedUnkeyedContainer(forKey: .b)
      try container.encode(Array(0..<20), forKey: .c)
      for number in 0..<20 { try second.encode(number) }
      try first.encode("late", forKey: .longer)
      var third = second.nestedUnkeyedContainer()
      var fourth = second.nestedContainer(keyedBy: Key.self)
      try fourth.encode(true, forKey: .a)
      try third.encode("third")
      try first.encodeNil(forKey: .b)
      try second.encode("end")
      try container.superEncoder(forKey: .longer).singleValueContainer().encodeOne("super")
    }
    let numbers = (0..<20).map { MessagePackValue.int($0) }
    #expect(
      value == [
        "a": [.string(Key.longer.rawValue): "late", "b": nil],
        "b": .array(numbers + [["third"], ["a": true], "end"]),
        "c": .array(numbers), .string(Key.longer.rawValue): "super",
      ])
    try decode(value) { decoder in
      let container = try decoder.container(keyedBy: Key.self)
      var second = try container.nestedUnkeyedContainer(forKey: .b)
      let first = try container.nestedContainer(keyedBy: Key.self, forKey: .a)
      for number in 0..<20 { #expect(try second.decode(Int.self) == number) }
      #expect(try first.decodeNil(forKey: .b))
      #expect(try first.decode(String.self, forKey: .longer) == "late")
      var third = try second.nestedUnkeyedContainer()
      let fourth = try second.nestedContainer(keyedBy: Key.self)
      #expect(try second.decode(String.self) == "end")
      #expect(second.isAtEnd)
      #expect(try fourth.decode(Bool.self, forKey: .a))
      #expect(try third.decode(String.self) == "third")
      #expect(third.codingPath.map(\.stringValue) == ["b", "Index 20"])
      #expect(container.allKeys == [.a, .b, .c, .longer])
    }
  }

  @Test func askingTwiceGoesOnWithTheSameContainer() throws {
    let value = try encode { encoder in
      var first = encoder.container(keyedBy: Key.self)
      try first.encode([1: [2]], forKey: .a)
      var second = encoder.container(keyedBy: Key.self)
      try second.encode(2, forKey: .b)
      try first.encode(3, forKey: .c)
    }
    #expect(value == ["a": ["1": [2]], "b": 2, "c": 3])
  }

  @Test func aCaughtErrorLeavesNoTrace() throws {
    let value = try encode { encoder in
      var container = encoder.container(keyedBy: Key.self)
      let failing = Custom { encoder in
        var container = encoder.unkeyedContainer()
        var nested = container.nestedUnkeyedContainer()
        try nested.encode(1)
        try container.encode(Int128(1))
      }
      try? container.encode(failing, forKey: .a)
      try container.encode([1], forKey: .b)
      var list = container.nestedUnkeyedContainer(forKey: .c)
      try? list.encode(failing)
      try list.encode(2)
    }
    #expect(value == ["b": [1], "c": [2]])
  }

  @Test func misuseIsAnErrorAndNoTrap() throws {
    #expect(throws: EncodingError.self) {
      try encode { encoder in
        _ = encoder.container(keyedBy: Key.self)
        var list = encoder.unkeyedContainer()
        try? list.encode(1)
      }
    }
    #expect(throws: EncodingError.self) {
      try encode { encoder in
        var container = encoder.singleValueContainer()
        try container.encode(1)
        try container.encode(2)
      }
    }
    final class Escape: @unchecked Sendable {
      var keyed: KeyedEncodingContainer<Key>?
      var encoder: (any Encoder)?
      var nested: (any UnkeyedEncodingContainer)?
      var decoder: (any Decoder)?
      var reading: KeyedDecodingContainer<Key>?
    }
    let escape = Escape()
    _ = try encode { encoder in
      escape.encoder = encoder
      escape.keyed = encoder.container(keyedBy: Key.self)
      escape.nested = escape.keyed?.nestedUnkeyedContainer(forKey: .a)
    }
    #expect(throws: EncodingError.self) { try escape.keyed?.encode(1, forKey: .a) }
    #expect(throws: EncodingError.self) { try escape.nested?.encode(1) }
    #expect(throws: EncodingError.self) { try escape.encoder?.singleValueContainer().encodeOne(1) }
    var late = escape.encoder?.unkeyedContainer()
    #expect(throws: EncodingError.self) { try late?.encode(1) }
    try decode(["a": 1]) { decoder in
      escape.decoder = decoder
      escape.reading = try decoder.container(keyedBy: Key.self)
    }
    #expect(throws: DecodingError.self) { try escape.reading?.decode(Int.self, forKey: .a) }
    #expect(escape.reading?.allKeys == [] && escape.reading?.contains(.a) == false)
    #expect(throws: DecodingError.self) { try escape.decoder?.container(keyedBy: Key.self) }
    #expect(throws: DecodingError.self) {
      try escape.decoder?.singleValueContainer().decode(Int.self)
    }
    // The decoder has the user info, which has the closure, which has all this.
    escape.decoder = nil
    escape.reading = nil
  }

  @Test func userInfoAndPathsAreSeen() throws {
    let key = try #require(CodingUserInfoKey(rawValue: "k"))
    var encoder = MessagePackEncoder()
    encoder.userInfo[key] = 5
    let inner = Custom { encoder in
      #expect(encoder.userInfo[key] as? Int == 5)
      #expect(encoder.codingPath.map(\.stringValue) == ["a", "Index 0", "b"])
    }
    let value = Custom { encoder in
      var container = encoder.container(keyedBy: Key.self)
      var list = container.nestedUnkeyedContainer(forKey: .a)
      try list.encode(["b": inner])
    }
    #expect(try MessagePackValue(try encoder.encode(value)) == ["a": [["b": [:]]]])
  }
}

extension SingleValueEncodingContainer {
  /// For a container that is not kept in a variable.
  fileprivate func encodeOne(_ value: some Encodable) throws {
    var container = self
    try container.encode(value)
  }
}
