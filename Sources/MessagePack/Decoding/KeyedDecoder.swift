/// A map being decoded.
///
/// Keys are strings; integer keys, which other senders may write, match a key's integer.
struct KeyedDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let core: DecoderCore
  let serial: Int

  var codingPath: [any CodingKey] { core.codingPath }

  var allKeys: [Key] {
    guard core.frame.serial == serial else { return [] }
    var keys: [Key] = []
    var cursor = core.cursor(at: core.frame.firstKey)
    let limits = core.input.limits
    for _ in 0..<core.frame.count {
      do throws(MessagePackError) {
        if let key = try cursor.readKey(Key.self, limits) { keys.append(key) }
        try cursor.skip(limits: limits)
      } catch {
        // Thrown when the value that asks is complete: its keys would be wrong in silence.
        core.input.failure = error
        break
      }
    }
    return keys
  }

  func contains(_ key: Key) -> Bool {
    (try? core.findValue(key, serial: serial)) != nil
  }

  @inline(__always)
  private func find(_ key: some CodingKey) throws -> Int {
    guard let offset = try core.findValue(key, serial: serial) else {
      throw core.keyNotFound(key)
    }
    return offset
  }

  private func isNil(at offset: Int) -> Bool {
    offset < core.input.bytes.count && core.input.bytes[offset] == FormatByte.null
  }

  func decodeNil(forKey key: Key) throws -> Bool {
    let offset = try find(key)
    guard isNil(at: offset) else { return false }
    core.advance(to: offset + 1)
    return true
  }

  // The witness of the requirements for scalars too; inlined, so that each gets its own code.
  @inline(__always)
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    let value = try core.decodeValue(type, at: find(key), .key(key))
    core.advance(to: core.lastEnd)
    return value
  }

  // Looks for the key once, where the default implementation does so three times.
  @inline(__always)
  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    guard let offset = try core.findValue(key, serial: serial) else { return nil }
    if isNil(at: offset) {
      core.advance(to: offset + 1)
      return nil
    }
    let value = try core.decodeValue(type, at: offset, .key(key))
    core.advance(to: core.lastEnd)
    return value
  }

  private func nested(_ key: some CodingKey) throws -> DecoderCore {
    let offset = try find(key)
    core.advance(to: try core.endOfValue(at: offset))
    return try core.nested(at: offset, .key(key))
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try nested(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nested(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try nested(SuperKey()) }

  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }
}

extension RawCursor {
  /// Moves past any key, and returns it if the type has such a key.
  fileprivate mutating func readKey<Key: CodingKey>(
    _ type: Key.Type, _ limits: MessagePackLimits
  ) throws(MessagePackError) -> Key? {
    var copy = self
    try skip(limits: limits)
    switch MessagePackKind(formatByte: try copy.peekByte()) {
    case .string:
      return Key(stringValue: try copy.readString(limit: limits.stringLength))
    case .integer:
      return (try? copy.readInteger(as: Int.self)).flatMap(Key.init(intValue:))
    default: return nil
    }
  }
}
