/// Hashes values the same in every process of a run; `Hasher` has a seed for each process.
///
/// FNV-1a over the bytes, with a last step that lets all bits count in all places.
struct StableHasher {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  @inline(__always)
  mutating func add(byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  /// Adds a number in one step.
  @inline(__always)
  mutating func add(word: UInt64) {
    state = (state ^ word) &* 0x0000_0100_0000_01b3
    state ^= state >> 29
  }

  /// Adds a text and its length, so that two texts in a row have an end between them.
  mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { for byte in $0 { add(byte: byte) } }
    add(word: UInt64(text.utf8.count))
  }

  /// Adds a number; both zeros count as one, as they are equal.
  mutating func add(_ number: Double) {
    add(word: number == 0 ? 0 : number.bitPattern)
  }

  /// The hash of all that was added.
  var hash: UInt64 {
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Hashes a key by its encoded form.
  @inline(__always)
  static func hash<Key: Encodable>(_ key: Key) throws -> UInt64 {
    var hasher = Self()
    if Key.self == String.self {
      hasher.add(unsafeBitCast(key, to: String.self))
    } else if Key.self == Int.self {
      hasher.add(word: UInt64(bitPattern: Int64(unsafeBitCast(key, to: Int.self))))
    } else {
      let encoder = HashEncoder()
      try key.encode(to: encoder)
      return encoder.target.hasher.hash
    }
    return hasher.hash
  }
}
