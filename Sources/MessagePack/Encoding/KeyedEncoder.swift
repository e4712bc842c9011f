/// A map being encoded.
///
/// Keys are always written as strings, also those that have an integer as well: from a key alone
/// a dictionary's string "1" cannot be told from its integer 1.
struct KeyedEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let core: EncoderCore
  let serial: Int

  var codingPath: [any CodingKey] { core.codingPath }

  /// Writes the key of the next entry, and returns where the entry starts.
  @inline(__always)
  private func begin(_ key: some CodingKey) throws -> Int {
    guard core.frame.serial == serial else { throw core.encodingError(.staleContainer) }
    let start = core.buffer.pointee.count
    core.frame.count &+= 1
    core.buffer.pointee.pack(key.stringValue)
    return start
  }

  func encodeNil(forKey key: Key) throws {
    _ = try begin(key)
    core.buffer.pointee.packNil()
  }

  // The witness of the requirements for scalars too; inlined, so that each gets its own code.
  @inline(__always)
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    let start = try begin(key)
    if core.packScalar(value) { return }
    do {
      try core.encodeComposite(value, .key(key))
    } catch {
      // A caller that catches this may go on with other keys.
      core.frame.count &-= 1
      core.buffer.pointee.count = start
      throw error
    }
  }

  private func nested(_ key: some CodingKey) -> EncoderCore {
    do {
      _ = try begin(key)
      return core.nested(.key(key))
    } catch {
      return .unusable
    }
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy keyType: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> {
    nested(key).container(keyedBy: keyType)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { nested(SuperKey()) }

  func superEncoder(forKey key: Key) -> any Encoder { nested(key) }
}
