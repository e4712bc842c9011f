import ProcessTreeMessagePack
import ProcessTreeRandomTesting

extension SeededGenerator {
  /// An integer whose number of bits is random, so that every format comes up.
  mutating func integer() -> MessagePackValue {
    let bits = next() >> UInt64.random(in: 0...63, using: &self)
    if bits > UInt64(Int64.max) { return .uint(bits) }
    return .int(Bool.random(using: &self) ? Int64(bits) : -1 - Int64(bits))
  }

  /// A length that is mostly small and sometimes needs the next format.
  mutating func length() -> Int {
    switch Int.random(in: 0..<100, using: &self) {
    case 0 where Int.random(in: 0..<20, using: &self) == 0:
      Int.random(in: 0xfff0...0x1_0010, using: &self)
    case 0..<6: Int.random(in: 0...300, using: &self)
    default: Int.random(in: 0...34, using: &self)
    }
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  mutating func string() -> String {
    let alphabet: [Character] = [
      "a", "b", "z", "0", " ", "\n", "é", "ß", "漢", "👩‍👩‍👧", "\u{0}", "\u{301}",
    ]
    return String((0..<length()).map { _ in alphabet[Int.random(in: 0..<12, using: &self)] })
  }

  /// Any value; maps have different keys, strings and integers.
  mutating func value(depth: Int = 0) -> MessagePackValue {
    switch Int.random(in: 0..<(depth < 4 ? 12 : 9), using: &self) {
    case 0: return .nil
    case 1: return .bool(Bool.random(using: &self))
    case 2, 3: return integer()
    case 4: return .float(Float(bitPattern: UInt32.random(in: 0...0x7f80_0000, using: &self)))
    case 5: return .double(Double(bitPattern: next() >> 1 % 0x7ff0_0000_0000_0001))
    case 6: return .string(string())
    case 7: return .binary(bytes(length()))
    case 8:
      let length = [0, 1, 2, 3, 4, 8, 16, 17, 255, 256, 0x1_0000]
      let count = length[Int.random(in: 0..<(depth == 0 ? 11 : 9), using: &self)]
      return .extension(type: Int8.random(in: 0...127, using: &self), bytes: bytes(count))
    case 9, 10:
      return .array((0..<Int.random(in: 0...18, using: &self)).map { _ in value(depth: depth + 1) })
    default:
      var keys: Set<MessagePackValue> = []
      for _ in 0..<Int.random(in: 0...18, using: &self) {
        keys.insert(Bool.random(using: &self) ? .string(string()) : integer())
      }
      return .map(keys.map { .init(key: $0, value: value(depth: depth + 1)) })
    }
  }
}
