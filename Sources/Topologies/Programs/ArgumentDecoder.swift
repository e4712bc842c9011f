internal import ProcessTreeTopologyFormat

/// The decoder of one value among the arguments of a program.
struct ArgumentDecoder: Decoder {
  let value: Value?
  let path: [String]
  let reading: ArgumentReading
  let keys = AskedKeys()

  var codingPath: [any CodingKey] { path.map(ArgumentKey.init(stringValue:)) }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ value: Value?, _ path: [String], _ reading: ArgumentReading) {
    self.value = value
    self.path = path
    self.reading = reading
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    keys.wasAsked = true
    keys.knows = { Key(stringValue: $0) != nil }
    var map = value
    if let value, value.entries == nil {
      reading.wrong(value, path, "a map of keys and values")
      map = nil
    }
    return KeyedDecodingContainer(
      ArgumentMap<Key>(value: map, path: path, reading: reading, keys: keys))
  }

  func unkeyedContainer() -> any UnkeyedDecodingContainer {
    keys.wasAsked = true
    if let value, value.list == nil { reading.wrong(value, path, "a list") }
    return ArgumentList(values: value?.list ?? [], path: path, reading: reading)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer {
    keys.wasAsked = true
    return ArgumentValue(value: value, path: path, reading: reading)
  }
}

/// A key of a map, or the number of an element.
struct ArgumentKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// The keys that a type asks for while it is decoded.
final class AskedKeys {
  private(set) var names: [String] = []
  /// Whether the type has a key; nil as long as it asked for no map.
  var knows: ((String) -> Bool)?
  /// Whether the type asked for anything; one without properties does not.
  var wasAsked = false
  private var reported: Set<String> = []

  func note(_ name: String) {
    if !names.contains(name) { names.append(name) }
  }

  /// Reports that a key is missing, or that it is misspelt.
  func reportMissing(
    _ name: String, _ type: any Any.Type, in value: Value, _ path: [String],
    _ reading: ArgumentReading
  ) {
    let misspelt = (value.entries ?? []).first {
      knows?($0.key) == false && !reported.contains($0.key)
        && Nearest.word(to: $0.key, among: [name]) != nil
    }
    if let misspelt { return report(misspelt, path, reading, suggestion: name) }
    let wanted = (type as? any ScalarArgument.Type)?.wanted ?? TypeWords.normal("\(type)")
    reading.report(
      .missingKey, at: value.place,
      "\(path.isEmpty ? reading.subject : reading.name(path)) needs the argument '\(name)': \(wanted)."
    )
  }

  /// Reports keys that the type does not ask for.
  func reportUnknown(
    in value: Value, _ path: [String], _ reading: ArgumentReading, isComplete: Bool
  ) {
    guard knows != nil || (isComplete && !wasAsked) else { return }
    for entry in value.entries ?? []
    where !names.contains(entry.key) && !reported.contains(entry.key)
      && (isComplete || knows?(entry.key) == false)
    {
      report(entry, path, reading, suggestion: Nearest.word(to: entry.key, among: names))
    }
  }

  private func report(
    _ entry: Value.Entry, _ path: [String], _ reading: ArgumentReading, suggestion: String?
  ) {
    reported.insert(entry.key)
    let owner = path.isEmpty ? reading.subject : reading.name(path)
    reading.report(
      .unknownKey, at: entry.place, length: max(1, entry.key.unicodeScalars.count),
      "\(owner) has no argument '\(entry.key.prefix(60))'"
        + (suggestion.map { "; did you mean '\($0)'?" }
          ?? (names.isEmpty ? "; it has none." : "; it has \(names.joined(separator: ", ")).")),
      suggestion: suggestion)
  }
}

/// A map of a file as a type's properties.
struct ArgumentMap<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let value: Value?
  let path: [String]
  let reading: ArgumentReading
  let keys: AskedKeys

  var codingPath: [any CodingKey] { path.map(ArgumentKey.init(stringValue:)) }
  var allKeys: [Key] { (value?.entries ?? []).compactMap { Key(stringValue: $0.key) } }

  func contains(_ key: Key) -> Bool {
    keys.note(key.stringValue)
    return value?[key.stringValue] != nil
  }

  func decodeNil(forKey key: Key) -> Bool {
    keys.note(key.stringValue)
    return value?[key.stringValue]?.isNothing ?? true
  }

  func decode<Whole: Decodable>(_ type: Whole.Type, forKey key: Key) throws -> Whole {
    let name = key.stringValue
    keys.note(name)
    reading.note(name, type, isOptional: false, at: path)
    let found = value?[name]
    if found == nil, let value { keys.reportMissing(name, type, in: value, path, reading) }
    return try reading.decode(type, from: found, at: path + [name])
  }

  func decodeIfPresent<Whole: Decodable>(_ type: Whole.Type, forKey key: Key) throws -> Whole? {
    try optional(type, key)
  }

  func optional<Whole: Decodable>(_ type: Whole.Type, _ key: Key) throws -> Whole? {
    let name = key.stringValue
    keys.note(name)
    reading.note(name, type, isOptional: true, at: path)
    guard let found = value?[name], !found.isNothing else { return nil }
    return try reading.decode(type, from: found, at: path + [name])
  }

  private func decoder(_ name: String) -> ArgumentDecoder {
    keys.note(name)
    return ArgumentDecoder(value?[name], path + [name], reading)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedDecodingContainer<Nested> { decoder(key.stringValue).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer {
    decoder(key.stringValue).unkeyedContainer()
  }

  func superDecoder() -> any Decoder { ArgumentDecoder(value, path, reading) }

  func superDecoder(forKey key: Key) -> any Decoder { decoder(key.stringValue) }
}

/// A list of a file.
struct ArgumentList: UnkeyedDecodingContainer {
  let values: [Value]
  let path: [String]
  let reading: ArgumentReading
  var currentIndex = 0

  var codingPath: [any CodingKey] { path.map(ArgumentKey.init(stringValue:)) }
  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex >= values.count }

  init(values: [Value], path: [String], reading: ArgumentReading) {
    self.values = values
    self.path = path
    self.reading = reading
  }

  private mutating func next() throws -> (Value, [String]) {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self,
        .init(
          codingPath: codingPath, debugDescription: "it has more than \(values.count) elements."))
    }
    defer { currentIndex += 1 }
    return (values[currentIndex], path + [String(currentIndex + 1)])
  }

  mutating func decodeNil() -> Bool {
    guard !isAtEnd, values[currentIndex].isNothing else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Whole: Decodable>(_ type: Whole.Type) throws -> Whole {
    let (value, path) = try next()
    return try reading.decode(type, from: value, at: path)
  }

  private mutating func decoder() throws -> ArgumentDecoder {
    let (value, path) = try next()
    return ArgumentDecoder(value, path, reading)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> { try decoder().container(keyedBy: type) }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try decoder().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try decoder() }
}

/// A value of a file for a type that asks for one value.
struct ArgumentValue: SingleValueDecodingContainer {
  let value: Value?
  let path: [String]
  let reading: ArgumentReading

  var codingPath: [any CodingKey] { path.map(ArgumentKey.init(stringValue:)) }

  func decodeNil() -> Bool { value?.isNothing ?? true }

  func decode<Whole: Decodable>(_ type: Whole.Type) throws -> Whole {
    try reading.decode(type, from: value, at: path)
  }
}
