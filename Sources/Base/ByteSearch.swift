internal import Glibc

/// Looks for bytes in bytes.
///
/// The standard library's search works by characters, and makes a table of them and a dozen types
/// for its first use in a process: half a millisecond, for which short runs have no time.
extension UnsafeRawBufferPointer {
  /// Whether a text is among the bytes.
  package func contains(_ text: StaticString) -> Bool { place(of: Self(text)) != nil }

  /// Whether the bytes begin with a text.
  package func begins(with text: StaticString) -> Bool { begins(with: Self(text)) }

  /// Where other bytes are for the first time; nil where they are not.
  package func place(of part: Self) -> Int? {
    guard let first = part.first else { return 0 }
    var start = 0
    while start + part.count <= count, let place = index(of: first, from: start) {
      if Self(rebasing: self[place...]).begins(with: part) { return place }
      start = place + 1
    }
    return nil
  }

  private init(_ text: StaticString) {
    self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  private func begins(with part: Self) -> Bool {
    guard let baseAddress, let first = part.baseAddress, count >= part.count else {
      return part.isEmpty
    }
    return memcmp(baseAddress, first, part.count) == 0
  }

  /// The parts between separators, as the ranges of their bytes.
  ///
  /// - Parameter most: How many parts there are at most, with those that are empty; nil for all
  ///   that are not.
  package func parts(at separator: UInt8, most: Int? = nil) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var start = 0
    while parts.count + 1 < most ?? .max, let end = index(of: separator, from: start) {
      if end > start || most != nil { parts.append(start..<end) }
      start = end + 1
    }
    if count > start || most != nil { parts.append(start..<count) }
    return parts
  }

  private func index(of byte: UInt8, from start: Int) -> Int? {
    guard let baseAddress, start < count,
      let found = memchr(baseAddress + start, Int32(byte), count - start)
    else { return nil }
    return baseAddress.distance(to: UnsafeRawPointer(found))
  }
}

extension String {
  /// Whether the bytes of another text are among those of this one.
  ///
  /// The standard library's `contains` is one of the library of regular expressions, which not
  /// every program has to load.
  package func has(_ text: String) -> Bool {
    var (whole, part) = (self, text)
    return whole.withUTF8 { bytes in
      part.withUTF8 { UnsafeRawBufferPointer(bytes).place(of: UnsafeRawBufferPointer($0)) != nil }
    }
  }
}
