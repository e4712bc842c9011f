extension DecoderCore {
  func container<Key: CodingKey>(
    keyedBy type: Key.Type
  ) throws -> KeyedDecodingContainer<Key> {
    if frame.firstKey < 0 { try beginMap() }
    if let slot = slots.free(for: ObjectIdentifier(type)) {
      return slot._withUnsafeGuaranteedRef { slot in
        slot.serial = frame.serial
        return unsafeDowncast(slot, to: TypedSlot<KeyedDecodingContainer<Key>>.self).container()
      }
    }
    return newContainer(keyedBy: type)
  }

  /// A container in a slot of this decoder, or in one of its own.
  @inline(never)
  private func newContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    typealias Slot = TypedSlot<KeyedDecodingContainer<Key>>
    // A nested container is all that holds its decoder.
    let isShared = outer == nil && !slots.isFull && Slot.isObject
    let slot = Slot(keys: type, core: self, serial: frame.serial, keepsCore: !isShared)
    guard isShared else {
      return KeyedDecodingContainer(
        KeyedDecoder<Key, KeyedSlot>(slot: .passUnretained(slot), owner: slot))
    }
    let container = KeyedDecodingContainer(
      KeyedDecoder<Key, Void>(slot: .passUnretained(slot), owner: ()))
    slot.keep(container)
    slots.add(slot)
    return container
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    var cursor = cursor(at: frame.start)
    do throws(MessagePackError) {
      let count = try cursor.readArrayHeader(limit: input.limits.collectionCount)
      if count == 0 { frame.end = cursor.offset }
      return UnkeyedDecoder(core: self, serial: frame.serial, length: count, next: cursor.offset)
    } catch {
      throw decodingError(error, [Any].self, frame.start, nil)
    }
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  private func beginMap() throws {
    var cursor = cursor(at: frame.start)
    do throws(MessagePackError) {
      frame.count = try cursor.readMapHeader(limit: input.limits.collectionCount)
    } catch {
      throw decodingError(error, [String: Any].self, frame.start, nil)
    }
    frame.firstKey = cursor.offset
    frame.nextKey = cursor.offset
    if frame.count == 0 { frame.end = cursor.offset }
  }
}

// The decoder is its own container for a single value, which saves an allocation.
extension DecoderCore: SingleValueDecodingContainer {
  func decodeNil() -> Bool {
    guard frame.start < input.bytes.count, input.bytes[frame.start] == FormatByte.null else {
      return false
    }
    frame.end = frame.start + 1
    return true
  }

  // The witness of the requirements for scalars too; inlined, so that each gets its own code.
  @inline(__always)
  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let value = try decodeValue(type, at: frame.start, nil)
    frame.end = lastEnd
    return value
  }
}
