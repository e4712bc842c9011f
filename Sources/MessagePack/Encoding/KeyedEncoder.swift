/// A map being encoded.
///
/// Keys are always written as strings, also those that have an integer as well: from a key alone
/// a dictionary's string "1" cannot be distinguished from its integer 1.
struct KeyedEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  // Unmanaged, because the standard library copies a container for each call.
  let slot: Unmanaged<KeyedSlot>
  /// The slot if it is the container's own.
  let owner: KeyedSlot?

  @inline(__always)
  private func use<R>(_ body: (EncoderCore, KeyedSlot) throws -> R) rethrows -> R {
    try slot._withUnsafeGuaranteedRef { slot in
      try slot.core._withUnsafeGuaranteedRef { core in
        try body(unsafeDowncast(core, to: EncoderCore.self), slot)
      }
    }
  }

  var codingPath: [any CodingKey] { use { core, _ in core.codingPath } }

  func encodeNil(forKey key: Key) throws {
    try use { core, slot in
      _ = try core.begin(key, slot)
      core.buffer.pointee.packNil()
    }
  }

  // The witness of the requirements for scalars too; inlined, so that each gets its own code.
  @inline(__always)
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    try use { core, slot in
      let start = try core.begin(key, slot)
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
  }

  private func nested(_ key: some CodingKey) -> EncoderCore {
    use { core, slot in
      do {
        _ = try core.beginByName(key, slot, isOwn: false)
        return core.nested(.key(key))
      } catch {
        return .unusable
      }
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

extension EncoderCore {
  /// Writes the key of the next entry, and returns where the entry starts.
  @inline(__always)
  fileprivate func begin<Key: CodingKey>(_ key: Key, _ slot: KeyedSlot) throws -> Int {
    guard frame.serial == slot.serial, let name = slot.names.find(key) else {
      return try beginByName(key, slot, isOwn: true)
    }
    let start = buffer.pointee.count
    frame.count &+= 1
    name.pointee.copy(to: buffer.pointee.reserve(KeyName.longest))
    buffer.pointee.count = start &+ name.pointee.length
    return start
  }

  /// The same by the text of the name, for keys of other types too, which the slot has no names of.
  @inline(never)
  fileprivate func beginByName(
    _ key: some CodingKey, _ slot: KeyedSlot, isOwn: Bool
  ) throws -> Int {
    guard frame.serial == slot.serial else { throw encodingError(.staleContainer) }
    let start = buffer.pointee.count
    frame.count &+= 1
    buffer.pointee.pack(key.stringValue)
    if isOwn {
      slot.names.learn(
        key,
        UnsafeRawBufferPointer(
          start: buffer.pointee.base + start, count: buffer.pointee.count - start))
    }
    return start
  }
}
