import ProcessTreeMessagePack
import Testing

@Suite("MessagePack limits")
struct LimitTests {
  static func nested(_ depth: Int, in byte: UInt8 = 0x91) -> [UInt8] {
    let level: [UInt8] = byte == 0x81 ? [0x81, 0x01] : [byte]
    return Array(repeatElement(level, count: depth).joined()) + [0xc0]
  }

  @Test(arguments: [0x91, 0x81] as [UInt8])
  func depthIsExact(_ byte: UInt8) throws {
    let limits = MessagePackLimits(depth: 10)
    _ = try MessagePackValue(Self.nested(10, in: byte), limits: limits)
    var reader = MessagePackReader(Self.nested(10, in: byte), limits: limits)
    try reader.skipValue()
    let deeper = Self.nested(11, in: byte)
    let error = #expect(throws: MessagePackError.self) {
      try MessagePackValue(deeper, limits: limits)
    }
    #expect(error?.code == .tooDeep)
    reader = MessagePackReader(deeper, limits: limits)
    let skipError = #expect(throws: MessagePackError.self) { try reader.skipValue() }
    #expect(skipError?.code == .tooDeep)
  }

  @Test func aMillionLevelsAreRefused() {
    let bytes = Self.nested(1_000_000)
    var reader = MessagePackReader(bytes)
    #expect(throws: MessagePackError.self) { try reader.skipValue() }
    #expect(throws: MessagePackError.self) { try MessagePackValue(reading: &reader) }
    #expect(throws: DecodingError.self) { try MessagePackDecoder().decode(Tree.self, from: bytes) }
  }

  @Test func lengthsAreLimited() {
    let limits = MessagePackLimits(stringLength: 3, binaryLength: 4, collectionCount: 2)
    func code(_ value: MessagePackValue) -> MessagePackError.Code? {
      do {
        _ = try MessagePackValue(value.packed, limits: limits)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code("abc") == nil)
    #expect(code("abcd") == .tooLarge)
    #expect(code(.binary([1, 2, 3, 4])) == nil)
    #expect(code(.binary([1, 2, 3, 4, 5])) == .tooLarge)
    #expect(code(.extension(type: 1, bytes: [1, 2, 3, 4, 5])) == .tooLarge)
    #expect(code([1, 2]) == nil)
    #expect(code([1, 2, 3]) == .tooLarge)
    #expect(code([1: 1, 2: 2, 3: 3]) == .tooLarge)
  }

  @Test func theDecoderHasLimitsToo() throws {
    var decoder = MessagePackDecoder()
    decoder.limits = MessagePackLimits(
      depth: 2, stringLength: 3, binaryLength: 4, collectionCount: 2)
    func refused<T: Decodable>(_ type: T.Type, _ value: MessagePackValue) -> Bool {
      (try? decoder.decode(type, from: value.packed)) == nil
    }
    #expect(!refused(String.self, "abc"))
    #expect(refused(String.self, "abcd"))
    #expect(refused([UInt8].self, .binary([1, 2, 3, 4, 5])))
    #expect(refused([Int].self, [1, 2, 3]))
    #expect(refused([[Int]].self, [[1], [1], [1]]))
    #expect(!refused([String: Int].self, ["a": 1]))
    #expect(refused([String: Int].self, ["abcd": 1]))
    #expect(refused([String: Int].self, ["a": 1, "b": 2, "c": 3]))
    #expect(!refused([[[Int]]].self, [[[1]]]))
    #expect(refused([[[[Int]]]].self, [[[[1]]]]))
  }

  /// A value in itself, as deep as one likes.
  final class Tree: Codable {
    let child: Tree?
    init(_ child: Tree?) { self.child = child }
  }

  indirect enum Chain: Codable {
    case end
    case link(Chain)
  }

  /// Nests without any container.
  struct Wrapper: Codable {
    let levels: Int

    init(levels: Int) { self.levels = levels }

    init(from decoder: any Decoder) throws {
      let inner = try decoder.singleValueContainer().decode(Wrapper.self)
      levels = inner.levels + 1
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      guard levels > 0 else { return try container.encode(0) }
      try container.encode(Wrapper(levels: levels - 1))
    }
  }

  func chain(_ length: Int) -> Chain {
    (0..<length).reduce(Chain.end) { chain, _ in .link(chain) }
  }

  func code(_ error: (any Error)?) -> MessagePackError.Code? {
    switch error {
    case EncodingError.invalidValue(_, let context)?:
      (context.underlyingError as? MessagePackError)?.code
    case DecodingError.dataCorrupted(let context)?:
      (context.underlyingError as? MessagePackError)?.code
    default: nil
    }
  }

  @Test func encodingTenThousandDeepIsAnError() {
    let encoder = MessagePackEncoder()
    let tree = (0..<10_000).reduce(Tree(nil)) { tree, _ in Tree(tree) }
    let chain = chain(10_000)
    #expect(
      code(#expect(throws: EncodingError.self) { try encoder.encode(tree) }) == .tooDeep)
    #expect(
      code(#expect(throws: EncodingError.self) { try encoder.encode(chain) }) == .tooDeep)
    #expect(
      code(#expect(throws: EncodingError.self) { try encoder.encode(Wrapper(levels: 10_000)) })
        == .tooDeep)
    // Let go one after the other: the runtime would recurse.
    var next: Tree? = tree
    while let tree = next { next = tree.child }
  }

  @Test func decodingTenThousandDeepIsAnError() {
    let decoder = MessagePackDecoder()
    let key = MessagePackValue.string("child").packed
    let tree = Array(repeatElement([0x81] + key, count: 10_000).joined()) + [0x80]
    let link = [0x81] + MessagePackValue.string("link").packed + [0x81, 0xa2, 0x5f, 0x30]
    let chain = Array(repeatElement(link, count: 10_000).joined()) + [0x80]
    #expect(
      code(#expect(throws: DecodingError.self) { try decoder.decode(Tree.self, from: tree) })
        == .tooDeep)
    #expect(
      code(#expect(throws: DecodingError.self) { try decoder.decode(Chain.self, from: chain) })
        == .tooDeep)
    #expect(
      code(#expect(throws: DecodingError.self) { try decoder.decode(Wrapper.self, from: [0]) })
        == .tooDeep)
  }

  @Test func whatWasEncodedAtTheLimitIsDecoded() throws {
    let tree = (0..<127).reduce(Tree(nil)) { tree, _ in Tree(tree) }
    _ = try MessagePackDecoder().decode(Tree.self, from: try MessagePackEncoder().encode(tree))
    let chain = chain(63)
    _ = try MessagePackDecoder().decode(Chain.self, from: try MessagePackEncoder().encode(chain))
  }
}
