/// An encoder that hashes all values in the order in which they are encoded.
struct HashEncoder: Encoder {
  /// The hash to which all containers of one value add.
  final class Target {
    var hasher = StableHasher()
  }

  let target: Target
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  init(into target: Target = Target()) {
    self.target = target
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(HashedFields<Key>(target: target))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer { HashedValues(target: target) }

  func singleValueContainer() -> any SingleValueEncodingContainer { HashedValues(target: target) }
}

extension HashEncoder.Target {
  /// Adds a value of any type.
  func add<Value: Encodable>(_ value: Value) throws {
    switch value {
    case let text as String: hasher.add(text)
    case let number as any BinaryInteger & Encodable: add(integer: number)
    case let number as Double: hasher.add(number)
    case let number as Float: hasher.add(Double(number))
    case let truth as Bool: hasher.add(byte: truth ? 1 : 0)
    default: try value.encode(to: HashEncoder(into: self))
    }
  }

  /// Numbers that are equal hash the same whatever their width.
  private func add(integer: some BinaryInteger) {
    hasher.add(word: UInt64(truncatingIfNeeded: integer))
  }

  func addNil() { hasher.add(byte: 0xff) }
}

/// The values of an array, or a single one.
private struct HashedValues: UnkeyedEncodingContainer, SingleValueEncodingContainer {
  let target: HashEncoder.Target
  let codingPath: [any CodingKey] = []
  var count = 0

  mutating func encodeNil() { target.addNil() }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    count += 1
    // The place of a value distinguishes arrays that hold others.
    target.hasher.add(byte: UInt8(truncatingIfNeeded: count))
    try target.add(value)
  }

  mutating func nestedContainer<Key: CodingKey>(
    keyedBy type: Key.Type
  ) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(HashedFields<Key>(target: target))
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    HashedValues(target: target)
  }

  mutating func superEncoder() -> any Encoder { HashEncoder(into: target) }
}

/// The fields of a struct with their names.
private struct HashedFields<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let target: HashEncoder.Target
  let codingPath: [any CodingKey] = []

  mutating func encodeNil(forKey key: Key) {
    target.hasher.add(key.stringValue)
    target.addNil()
  }

  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    target.hasher.add(key.stringValue)
    try target.add(value)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    target.hasher.add(key.stringValue)
    return KeyedEncodingContainer(HashedFields<Nested>(target: target))
  }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    target.hasher.add(key.stringValue)
    return HashedValues(target: target)
  }

  mutating func superEncoder() -> any Encoder { HashEncoder(into: target) }

  mutating func superEncoder(forKey key: Key) -> any Encoder {
    target.hasher.add(key.stringValue)
    return HashEncoder(into: target)
  }
}
