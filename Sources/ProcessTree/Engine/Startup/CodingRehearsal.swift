internal import ProcessTreeBase
internal import ProcessTreeMessagePack

extension NodeProgram {
  /// Decodes nothing as a program, and encodes a program without its properties: the look-up of the
  /// types that do it is a tenth of a leaf's life.
  static func rehearseCoding() {
    let emptyMap: [UInt8] = [0x80]
    _ = try? MessagePackDecoder().decode(Self.self, from: emptyMap)
    _ = try? Self(from: KeyFinder())
    // The runtime finds it by its name, once.
    _ = TypeName.of(Output.self)
  }
}

/// Encodes a value without properties, whose keys are those that the decoded type asks for.
private struct KeyFinder: Decoder {
  struct Found: Error {}

  private struct Empty<Key: CodingKey>: Encodable {
    func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: Key.self) }
  }

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    _ = try MessagePackEncoder().encode(Empty<Key>())
    throw Found()
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Found() }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { throw Found() }
}
