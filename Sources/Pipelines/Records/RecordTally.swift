internal import Glibc

/// Counts records in bytes that pass in pieces.
struct RecordTally {
  private let end: UInt8?
  private var last: UInt8?

  /// - Parameter end: The byte that ends a record; nil where a record is what happens to come.
  init(_ end: UInt8?) { self.end = end }

  /// The number of records that end in a piece.
  mutating func count(_ piece: [UInt8]) -> UInt64 {
    last = piece.last ?? last
    guard let end else { return piece.isEmpty ? 0 : 1 }
    return piece.withUnsafeBytes { bytes in
      guard var place = bytes.baseAddress else { return 0 }
      let limit = place + bytes.count
      var count: UInt64 = 0
      while let found = memchr(place, Int32(end), limit - place) {
        count += 1
        place = UnsafeRawPointer(found) + 1
      }
      return count
    }
  }

  /// The end of the last record if all pieces together lack it.
  var missingEnd: UInt8? { last == nil || last == end ? nil : end }
}
