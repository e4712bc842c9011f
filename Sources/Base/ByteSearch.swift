internal import Glibc

/// Looks for bytes in bytes.
///
/// The standard library's search works by characters, and makes a table of them and a dozen types
/// for its first use in a process: half a millisecond, for which short runs have no time.
extension UnsafeRawBufferPointer {
  /// Whether a text is among the bytes.
  package func contains(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard length > 0 else { return true }
    var start = 0
    while start + length <= count, let place = index(of: text.utf8Start.pointee, from: start) {
      if UnsafeRawBufferPointer(rebasing: self[place...]).begins(with: text) { return true }
      start = place + 1
    }
    return false
  }

  /// Whether the bytes begin with a text.
  package func begins(with text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard let baseAddress, count >= length else { return length == 0 }
    return memcmp(baseAddress, text.utf8Start, length) == 0
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
