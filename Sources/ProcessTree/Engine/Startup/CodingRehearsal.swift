internal import ProcessTreeBase
internal import ProcessTreeMessagePack

extension NodeProgram {
  /// Decodes nothing as a program, and encodes a program without its properties: the look-up of the
  /// types that do it is a tenth of a leaf's life.
  static func rehearseCoding() {
    let emptyMap: [UInt8] = [0x80]
    _ = try? MessagePackDecoder().decode(Rehearsed<Self>.self, from: emptyMap)
    // The runtime finds it by its name, once.
    _ = TypeName.of(Output.self)
  }
}

/// A value that is decoded as usual, while the types that encode its keys are looked up, too.
private struct Rehearsed<Value: Decodable>: Decodable {
  init(from decoder: any Decoder) throws { _ = try Value(from: KeyFinder(decoder: decoder)) }
}

/// Encodes a value without properties, whose keys are those that the decoded value asks for.
private struct KeyFinder: Decoder {
  let decoder: any Decoder

  private struct Empty<Key: CodingKey>: Encodable {
    func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: Key.self) }
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var userInfo: [CodingUserInfoKey: Any] { decoder.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    _ = try? MessagePackEncoder().encode(Empty<Key>())
    return try decoder.container(keyedBy: type)
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try decoder.unkeyedContainer()
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    try decoder.singleValueContainer()
  }
}
