import ProcessTreeMessagePack
import Testing

@Suite("MessagePack decoding errors")
struct DecodingErrorTests {
  struct Inner: Codable {
    var number: UInt8
    var text: String
  }

  struct Outer: Codable {
    var list: [Inner]
  }

  struct Failure: Equatable, Sendable {
    let kind: String
    let path: String
  }

  func failure<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) -> Failure? {
    func make(_ kind: String, _ context: DecodingError.Context) -> Failure {
      Failure(kind: kind, path: context.codingPath.map(\.stringValue).joined(separator: "/"))
    }
    do {
      _ = try MessagePackDecoder().decode(type, from: bytes)
      return nil
    } catch DecodingError.typeMismatch(_, let context) {
      return make("typeMismatch", context)
    } catch DecodingError.valueNotFound(_, let context) {
      return make("valueNotFound", context)
    } catch DecodingError.keyNotFound(_, let context) {
      return make("keyNotFound", context)
    } catch DecodingError.dataCorrupted(let context) {
      return make("dataCorrupted", context)
    } catch {
      return Failure(kind: "\(error)", path: "")
    }
  }

  static func outer(_ inner: MessagePackValue) -> MessagePackValue {
    ["list": [["number": 1, "text": ""], inner]]
  }

  static let wrong: [(MessagePackValue, String, String)] = [
    (nil, "valueNotFound", ""),
    ([], "typeMismatch", ""),
    ([:], "keyNotFound", ""),
    (["list": nil], "valueNotFound", "list"),
    (["list": 1], "typeMismatch", "list"),
    (["list": [1]], "typeMismatch", "list/Index 0"),
    (["list": [nil]], "valueNotFound", "list/Index 0"),
    (outer([:]), "keyNotFound", "list/Index 1"),
    (outer(["number": 1]), "keyNotFound", "list/Index 1"),
    (outer(["number": "x"]), "typeMismatch", "list/Index 1/number"),
    (outer(["number": nil]), "valueNotFound", "list/Index 1/number"),
    (outer(["number": 256]), "dataCorrupted", "list/Index 1/number"),
    (outer(["number": -1]), "dataCorrupted", "list/Index 1/number"),
    (outer(["number": 1.0]), "typeMismatch", "list/Index 1/number"),
    (outer(["number": 1, "text": 5]), "typeMismatch", "list/Index 1/text"),
  ]

  @Test(arguments: wrong)
  func areOfTheStandardKinds(_ value: MessagePackValue, _ kind: String, _ path: String) {
    #expect(failure(Outer.self, value.packed) == Failure(kind: kind, path: path))
  }

  @Test func trailingBytesAreAnError() {
    #expect(failure(Int.self, [1, 2])?.kind == "dataCorrupted")
    #expect(failure([Int].self, [0x91, 1, 0xc0])?.kind == "dataCorrupted")
    #expect(failure(Int.self, [])?.kind == "dataCorrupted")
  }

  @Test func elementsOfFastArraysAreChecked() {
    #expect(failure([Int].self, hex("92 01 c0"))?.kind == "typeMismatch")
    #expect(failure([Int8].self, hex("92 01 cc80"))?.kind == "dataCorrupted")
    #expect(failure([Int8].self, hex("92 01 cc80 000000000000000000"))?.kind == "dataCorrupted")
    #expect(failure([String].self, hex("92 a161 a1ff"))?.kind == "dataCorrupted")
    #expect(failure([Bool].self, hex("92 c2 01"))?.kind == "typeMismatch")
    #expect(failure([Int].self, hex("93 01 02"))?.kind == "dataCorrupted")
  }

  @Test(arguments: [
    "c1", "81c1", "81a161", "81a1ff01", "82a16101", "8101", "810101", "d9", "81a16191c1",
  ])
  func malformedMapsAreErrors(_ digits: String) {
    // An integer is a key as good as a string to a dictionary.
    #expect((failure([String: Int].self, hex(digits)) == nil) == (digits == "810101"))
    #expect(failure(Inner.self, hex(digits)) != nil)
    #expect(failure(Outer.self, hex(digits)) != nil)
  }

  @Test func aReaderStaysWhereItWas() throws {
    var reader = MessagePackReader(hex("01 a161 02"))
    let decoder = MessagePackDecoder()
    #expect(try decoder.decode(Int.self, from: &reader) == 1)
    #expect(throws: DecodingError.self) { try decoder.decode(Int.self, from: &reader) }
    #expect(reader.offset == 1)
    #expect(try decoder.decode(String.self, from: &reader) == "a")
    #expect(try decoder.decode(UInt8?.self, from: &reader) == 2)
    #expect(reader.isAtEnd)
  }
}
