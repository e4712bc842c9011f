/// How records, which are any bytes, stand one behind another.
package enum RecordFraming: String, Sendable, Codable {
  /// Each ends with a line feed; the last one may lack it.
  case lines
  /// Each ends with a zero byte; the last one may lack it.
  case nul
  /// Each follows its length: four bytes, the least significant one first.
  case length
  /// Each follows its length: four bytes, the most significant one first.
  case lengthBigEndian
  /// There is no mark: a record is what happens to come.
  case bytes

  /// The byte that ends a record.
  @inlinable
  package var end: UInt8? {
    switch self {
    case .lines: UInt8(ascii: "\n")
    case .nul: 0
    case .length, .lengthBigEndian, .bytes: nil
    }
  }

  /// Appends a record.
  @inlinable
  package func append(_ record: some Collection<UInt8>, to bytes: inout [UInt8]) {
    switch self {
    case .lines, .nul, .bytes: break
    case .length:
      withUnsafeBytes(of: UInt32(clamping: record.count).littleEndian) { bytes += $0 }
    case .lengthBigEndian:
      withUnsafeBytes(of: UInt32(clamping: record.count).bigEndian) { bytes += $0 }
    }
    bytes += record
    if let end { bytes.append(end) }
  }

  /// How many bytes a length has that stands before a record.
  package static var prefix: Int { 4 }

  /// Returns the length of a record, whose four bytes stand at a place.
  package func length(at place: Int, in bytes: [UInt8]) -> Int {
    let number = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt32.self) }
    return Int(self == .lengthBigEndian ? UInt32(bigEndian: number) : UInt32(littleEndian: number))
  }

  /// Returns whether a reader finds one record where this one was written.
  package func holds(_ record: [UInt8]) -> Bool { end.map { !record.contains($0) } ?? true }
}
