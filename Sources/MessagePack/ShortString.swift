/// Short strings without calls of the standard library, which take two hundred instructions to make
/// one and a hundred to read one.
///
/// A string of at most 15 bytes of ASCII is these bytes, and its length with a mark in the last
/// byte. That form is the standard library's own business, so it is compared once with what the
/// library makes; another form turns this off.
enum ShortString {
  static let longest = 15

  private static let mark: UInt64 = 0xe0 << 56

  /// Whether the standard library's short strings have the known form.
  private static let isKnown: Bool = {
    guard MemoryLayout<String>.size == 16, MemoryLayout<String>.alignment <= 8 else { return false }
    return (0...longest).allSatisfy { length in
      var bytes = [UInt8](repeating: 0, count: 16)
      for place in 0..<length { bytes[place] = 0x7f - UInt8(place) }
      let words = bytes.withUnsafeBytes {
        ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      }
      let expected = (words.0, words.1 | mark | UInt64(length) << 56)
      let string = String(decoding: bytes[..<length], as: UTF8.self)
      return unsafeBitCast(string, to: (UInt64, UInt64).self) == expected
    }
  }()

  /// How many bytes are written at a place at most.
  static let longestWritten = 17

  /// Writes a short string, given by its place, as MessagePack to another one; returns how many
  /// bytes it took, or nil for a string of another form.
  @inline(__always)
  static func write(at string: UnsafeRawPointer, to place: UnsafeMutableRawPointer) -> Int? {
    let first = string.load(as: UInt64.self)
    let last = string.load(fromByteOffset: 8, as: UInt64.self)
    guard last.littleEndian &>> 60 == mark &>> 60, isKnown else { return nil }
    let length = Int(truncatingIfNeeded: last.littleEndian &>> 56 & 0xf)
    place.storeBytes(of: FormatByte.fixstr | UInt8(truncatingIfNeeded: length), as: UInt8.self)
    place.storeBytes(of: first, toByteOffset: 1, as: UInt64.self)
    place.storeBytes(of: last, toByteOffset: 9, as: UInt64.self)
    return 1 &+ length
  }

  /// The string of so many bytes, at most 15, at a place from which 16 bytes can be read; nil if
  /// they are not ASCII.
  @inline(__always)
  static func read(_ place: UnsafeRawPointer, length: Int) -> String? {
    let isLong = length >= 8
    let rest = UInt64(truncatingIfNeeded: length & 7)
    let mask = (1 as UInt64) &<< (8 &* rest) &- 1
    let first = place.loadUnaligned(as: UInt64.self) & (isLong ? .max : mask)
    let second = place.loadUnaligned(fromByteOffset: 8, as: UInt64.self) & (isLong ? mask : 0)
    guard (first | second) & 0x8080_8080_8080_8080 == 0, isKnown else { return nil }
    let last = second | mark | UInt64(truncatingIfNeeded: length) &<< 56
    var string = (first.littleEndian, last.littleEndian)
    // A cast would count a reference, of which it has none.
    return withUnsafeMutableBytes(of: &string) {
      $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: String.self).move()
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether all bytes are ASCII.
  @inline(__always)
  var isASCII: Bool {
    let high: UInt64 = 0x8080_8080_8080_8080
    guard count >= 8, let base = baseAddress else { return allSatisfy { $0 < 0x80 } }
    // The last eight bytes may have been looked at already.
    var seen = base.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    var place = 0
    while place &+ 8 <= count {
      seen |= base.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      place &+= 8
    }
    return seen & high == 0
  }
}
