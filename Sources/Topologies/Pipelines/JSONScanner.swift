/// Finds a value in JSON, as the bytes that stand there.
struct JSONScanner {
  /// The record is no JSON.
  struct Malformed: Error, CustomStringConvertible {
    let offset: Int

    var description: String { "a record is no JSON at its byte \(offset)" }
  }

  private static var deepest: Int { 256 }

  private let bytes: [UInt8]
  private var place = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The value at a JSON pointer without the space around it; empty if there is none.
  ///
  /// Texts are compared as they are written: `"a"` and `"\u0061"` are two keys.
  ///
  /// - Throws: `Malformed` for bytes that are no JSON.
  static func value(at pointer: String, in bytes: [UInt8]) throws -> [UInt8] {
    let steps = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      .map { Array($0.replacing("~1", with: "/").replacing("~0", with: "~").utf8) }
    var scanner = Self(bytes)
    let found = try scanner.scan(steps[...], depth: 0)
    scanner.skipSpace()
    guard scanner.place == bytes.count else { throw scanner.malformed }
    return found.map { Array(bytes[$0]) } ?? []
  }

  private var malformed: Malformed { Malformed(offset: place) }

  private mutating func skipSpace() {
    while place < bytes.count, [9, 10, 13, 32].contains(bytes[place]) { place += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard place < bytes.count, bytes[place] == byte else { return false }
    place += 1
    return true
  }

  /// Scans a value; where it, or the value that the steps lead to, stands.
  private mutating func scan(_ steps: ArraySlice<[UInt8]>?, depth: Int) throws -> Range<Int>? {
    skipSpace()
    guard place < bytes.count, depth < Self.deepest else { throw malformed }
    let start = place
    var found: Range<Int>?
    switch bytes[place] {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      let isMap = bytes[place] == UInt8(ascii: "{")
      let close = UInt8(ascii: isMap ? "}" : "]")
      place += 1
      var index = 0
      if !take(close) {
        repeat {
          var name = Array(String(index).utf8)
          if isMap {
            skipSpace()
            let key = try text()
            name = Array(bytes[key].dropFirst().dropLast())
            guard take(UInt8(ascii: ":")) else { throw malformed }
          }
          let isOnWay = steps?.first == name
          let value = try scan(isOnWay ? steps?.dropFirst() : nil, depth: depth + 1)
          if isOnWay { found = value }
          index += 1
        } while take(UInt8(ascii: ","))
        guard take(close) else { throw malformed }
      }
    case UInt8(ascii: "\""): _ = try text()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: try number()
    }
    guard let steps else { return nil }
    return steps.isEmpty ? start..<place : found
  }

  private mutating func word(_ word: String) throws {
    for byte in word.utf8 {
      guard accept({ $0 == byte }) else { throw malformed }
    }
  }

  private mutating func number() throws {
    _ = accept { $0 == UInt8(ascii: "-") }
    // Only zero itself begins with a zero.
    if !accept({ $0 == UInt8(ascii: "0") }) { try digits() }
    if accept({ $0 == UInt8(ascii: ".") }) { try digits() }
    guard accept({ $0 | 0x20 == UInt8(ascii: "e") }) else { return }
    _ = accept { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
    try digits()
  }

  private mutating func digits() throws {
    let isDigit: (UInt8) -> Bool = { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard accept(isDigit) else { throw malformed }
    while accept(isDigit) {}
  }

  /// Takes the next byte if it fits.
  private mutating func accept(_ fits: (UInt8) -> Bool) -> Bool {
    guard place < bytes.count, fits(bytes[place]) else { return false }
    place += 1
    return true
  }

  private mutating func text() throws -> Range<Int> {
    let start = place
    guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { throw malformed }
    place += 1
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard place < bytes.count else { throw malformed }
    place += 1
    return start..<place
  }
}
