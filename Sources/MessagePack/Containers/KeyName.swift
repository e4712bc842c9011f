/// The name of a key as MessagePack, of at most 16 bytes with its header.
///
/// Two words and their masks, so that a comparison or a copy is two loads and no loop.
struct KeyName {
  static let longest = 16

  private let words: (UInt64, UInt64)
  private let masks: (UInt64, UInt64)
  /// The number of bytes; 0 for a name that is not known yet.
  let length: Int

  static let unknown = KeyName()

  private init() {
    words = (0, 0)
    masks = (0, 0)
    length = 0
  }

  /// A name from its bytes, at most `longest`.
  init(_ bytes: UnsafeRawBufferPointer) {
    var words: (UInt64, UInt64) = (0, 0)
    var masks: (UInt64, UInt64) = (0, 0)
    let length = min(bytes.count, Self.longest)
    withUnsafeMutableBytes(of: &words) { words in
      for place in 0..<length { words[place] = bytes[place] }
    }
    withUnsafeMutableBytes(of: &masks) { masks in
      for place in 0..<length { masks[place] = 0xff }
    }
    self.words = words
    self.masks = masks
    self.length = length
  }

  /// Whether the name is at a place that a number of bytes can be read from.
  @inline(__always)
  func isAt(_ place: UnsafeRawPointer, of remaining: Int) -> Bool {
    remaining >= Self.longest ? isAt(place) : isAtEnd(place, of: remaining)
  }

  @inline(never)
  private func isAtEnd(_ place: UnsafeRawPointer, of remaining: Int) -> Bool {
    guard length <= remaining else { return false }
    return withUnsafeBytes(of: words) { name in
      (0..<length).allSatisfy { name[$0] == place.load(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  /// Whether the name is at a place that 16 bytes can be read from.
  @inline(__always)
  private func isAt(_ place: UnsafeRawPointer) -> Bool {
    let first = place.loadUnaligned(as: UInt64.self) ^ words.0
    let second = place.loadUnaligned(fromByteOffset: 8, as: UInt64.self) ^ words.1
    return (first & masks.0) | (second & masks.1) == 0
  }

  /// Copies the name to a place that 16 bytes can be written to.
  @inline(__always)
  func copy(to place: UnsafeMutableRawPointer) {
    place.storeBytes(of: words.0, as: UInt64.self)
    place.storeBytes(of: words.1, toByteOffset: 8, as: UInt64.self)
  }
}

/// The names of the keys of one type, as far as they have been used.
///
/// Only keys of at most one byte have places here: the cases of an enumeration. Such a key names
/// itself in the same way each time, so that its name is asked for once.
struct KeyNames: ~Copyable {
  private static var most: Int { 64 }

  private let isIndexed: Bool
  private var names: UnsafeMutablePointer<KeyName>?
  private var count = 0

  init<Key: CodingKey>(of type: Key.Type) {
    isIndexed = _isPOD(Key.self) && MemoryLayout<Key>.size <= 1
  }

  deinit {
    names?.deallocate()
  }

  @inline(__always)
  private func index<Key: CodingKey>(of key: Key) -> Int {
    MemoryLayout<Key>.size == 1 ? Int(unsafeBitCast(key, to: UInt8.self)) : 0
  }

  /// The name of a key if it is known.
  @inline(__always)
  func find<Key: CodingKey>(_ key: Key) -> UnsafePointer<KeyName>? {
    guard let names else { return nil }
    let index = index(of: key)
    guard index < count, names[index].length > 0 else { return nil }
    return UnsafePointer(names + index)
  }

  /// Keeps the name of a key, given as MessagePack, if there is a place for it.
  mutating func learn<Key: CodingKey>(_ key: Key, _ bytes: UnsafeRawBufferPointer) {
    guard isIndexed, bytes.count <= KeyName.longest else { return }
    let index = index(of: key)
    guard index < Self.most else { return }
    if index >= count { grow(to: index + 1) }
    names?[index] = KeyName(bytes)
  }

  /// Keeps the name of a key, given as text, if there is a place for it.
  mutating func learn<Key: CodingKey>(_ key: Key, _ name: inout String) {
    guard isIndexed else { return }
    name.withUTF8 { utf8 in
      guard utf8.count < KeyName.longest else { return }
      withUnsafeTemporaryAllocation(byteCount: KeyName.longest, alignment: 1) { bytes in
        bytes[0] = FormatByte.fixstr | UInt8(utf8.count)
        for place in utf8.indices { bytes[place + 1] = utf8[place] }
        learn(key, UnsafeRawBufferPointer(rebasing: bytes[...utf8.count]))
      }
    }
  }

  private mutating func grow(to needed: Int) {
    let capacity = min(Self.most, max(8, 2 * needed))
    let larger = UnsafeMutablePointer<KeyName>.allocate(capacity: capacity)
    larger.initialize(repeating: .unknown, count: capacity)
    if let names {
      larger.update(from: names, count: count)
      names.deallocate()
    }
    names = larger
    count = capacity
  }
}
