/// An array being decoded.
struct UnkeyedDecoder: UnkeyedDecodingContainer {
  let core: DecoderCore
  let serial: Int
  let length: Int
  /// Where the next element starts.
  var next: Int
  var currentIndex = 0

  init(core: DecoderCore, serial: Int, length: Int, next: Int) {
    self.core = core
    self.serial = serial
    self.length = length
    self.next = next
  }

  var codingPath: [any CodingKey] { core.codingPath }

  var count: Int? { length }

  var isAtEnd: Bool { currentIndex >= length }

  @inline(__always)
  private func check(_ type: Any.Type) throws {
    guard core.frame.serial == serial else { throw core.corrupted(.staleContainer) }
    guard currentIndex < length else { throw core.endOfContainer(type, currentIndex) }
  }

  @inline(__always)
  private mutating func advance(to offset: Int) {
    currentIndex &+= 1
    next = offset
    if currentIndex == length { core.frame.end = offset }
  }

  mutating func decodeNil() throws -> Bool {
    try check(Any?.self)
    guard next < core.input.bytes.count, core.input.bytes[next] == FormatByte.null else {
      return false
    }
    advance(to: next + 1)
    return true
  }

  // The witness of the requirements for scalars too; inlined, so that each gets its own code.
  @inline(__always)
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try check(type)
    let value = try core.decodeValue(type, at: next, .index(currentIndex))
    advance(to: core.lastEnd)
    return value
  }

  private mutating func nested(_ type: Any.Type) throws -> DecoderCore {
    try check(type)
    let decoder = try core.nested(at: next, .index(currentIndex))
    advance(to: try core.endOfValue(at: next))
    return decoder
  }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try nested(KeyedDecodingContainer<NestedKey>.self).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try nested((any UnkeyedDecodingContainer).self).unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try nested((any Decoder).self) }
}
