/// A map being decoded.
///
/// Keys are strings; integer keys, which other senders may write, match a key's integer.
///
/// The standard library copies a container for each call. One whose slot belongs to its decoder has
/// nothing to count: its `Owner` is `Void`. Otherwise that is the slot.
struct KeyedDecoder<Key: CodingKey, Owner>: KeyedDecodingContainerProtocol {
  let slot: Unmanaged<KeyedSlot>
  let owner: Owner

  @inline(__always)
  private func use<R>(_ body: (DecoderCore, KeyedSlot) throws -> R) rethrows -> R {
    try slot._withUnsafeGuaranteedRef { slot in
      try slot.core._withUnsafeGuaranteedRef { core in
        try body(unsafeDowncast(core, to: DecoderCore.self), slot)
      }
    }
  }

  var codingPath: [any CodingKey] { use { core, _ in core.codingPath } }

  var allKeys: [Key] {
    use { core, slot in
      guard core.frame.serial == slot.serial else { return [] }
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
  }

  func contains(_ key: Key) -> Bool {
    use { core, slot in (try? core.findValue(key, slot)) != nil }
  }

  func decodeNil(forKey key: Key) throws -> Bool {
    try use { core, slot in
      guard let offset = try core.findValue(key, slot) else { throw core.keyNotFound(key) }
      guard core.isNil(at: offset) else { return false }
      core.advance(to: offset + 1)
      return true
    }
  }

  // The witness of the requirements for scalars too; inlined, so that each gets its own code.
  @inline(__always)
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try use { core, slot in
      guard let offset = try core.findValue(key, slot) else { throw core.keyNotFound(key) }
      let value = try core.decodeValue(type, at: offset, .key(key))
      core.advance(to: core.lastEnd)
      return value
    }
  }

  // Looks for the key once, where the default implementation does so three times.
  @inline(__always)
  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    try use { core, slot in
      guard let offset = try core.findValue(key, slot) else { return nil }
      if core.isNil(at: offset) {
        core.advance(to: offset + 1)
        return nil
      }
      let value = try core.decodeValue(type, at: offset, .key(key))
      core.advance(to: core.lastEnd)
      return value
    }
  }

  private func nested(_ key: some CodingKey) throws -> DecoderCore {
    try use { core, slot in
      guard let offset = try core.findByName(key, slot, isOwn: false) else {
        throw core.keyNotFound(key)
      }
      core.advance(to: try core.endOfValue(at: offset))
      return try core.nested(at: offset, .key(key))
    }
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

extension DecoderCore {
  @inline(__always)
  fileprivate func isNil(at offset: Int) -> Bool {
    offset < input.bytes.count && input.bytes[offset] == FormatByte.null
  }
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
