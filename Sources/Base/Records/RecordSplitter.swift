internal import Glibc

/// Bytes that cannot be divided into records.
package enum RecordFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// A record is longer than the limit; its length, if that stands before it.
  case tooLong(Int?, limit: Int)
  /// The bytes end after so many bytes of a record.
  case incomplete(Int, of: Int)
  /// The bytes end after so many bytes of a record's length.
  case incompleteLength(Int)

  package var description: String {
    switch self {
    case .tooLong(_, let limit): "a record is longer than \(limit) bytes"
    case .incomplete(let count, let length):
      "the bytes end after \(count) of the \(length) bytes of a record"
    case .incompleteLength: "the bytes end within the length of a record"
    }
  }
}

/// Divides bytes into records as they come.
///
/// The framing may change from one record to the next: bytes that were not taken are still there.
package struct RecordSplitter: Sendable {
  /// The longest record, in bytes, where nobody has set another limit.
  package static var longest: Int { 64 << 20 }

  private var bytes: [UInt8] = []
  /// Where the bytes begin that were not taken.
  private var start = 0
  /// The end of a record that was searched for, and up to where it was not found.
  private var end: UInt8 = 0
  private var searched = 0

  package init() {}

  /// How many bytes wait.
  package var count: Int { bytes.count - start }

  // MARK: Bytes

  /// Takes bytes that came.
  package mutating func append(_ chunk: [UInt8]) {
    guard count > 0 else { return begin(with: chunk) }
    compact()
    bytes += chunk
  }

  /// Takes the bytes that `read` writes into space for so many; it returns how many it wrote.
  package mutating func fill(
    _ limit: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Int
  ) rethrows {
    guard count == 0 else {
      return try withUnsafeTemporaryAllocation(byteCount: limit, alignment: 16) { space in
        let count = try read(space)
        compact()
        bytes.append(contentsOf: space[..<count])
      }
    }
    // Bytes are read into the array that `next` hands out whole, so they are not copied.
    let chunk = try [UInt8](unsafeUninitializedCapacity: limit) { space, count in
      count = try read(UnsafeMutableRawBufferPointer(space))
    }
    begin(with: chunk.isEmpty ? [] : chunk)
  }

  private mutating func begin(with chunk: [UInt8]) {
    bytes = chunk
    start = 0
    searched = 0
  }

  /// Drops the bytes that were taken if they are most.
  private mutating func compact() {
    guard start > bytes.count / 2 else { return }
    bytes.removeSubrange(..<start)
    searched = max(0, searched - start)
    start = 0
  }

  // MARK: Records

  /// Takes the next record.
  ///
  /// - Parameters:
  ///   - framing: How it stands in the bytes.
  ///   - limit: How many bytes it has, at most; there is no limit where records have no mark.
  ///   - isAtEnd: Whether no more bytes come.
  /// - Returns: The record; nil when more has to come for it or, at the end, when none is left.
  /// - Throws: `RecordFailure` for a record that is too long or incomplete; its bytes stay.
  package mutating func next(
    _ framing: RecordFraming, limit: Int = longest, atEnd isAtEnd: Bool = false
  ) throws(RecordFailure) -> [UInt8]? {
    // Few bytes do not keep the space for many.
    if case .bytes = framing, start == 0, bytes.count > bytes.capacity / 2 {
      defer { begin(with: []) }
      return bytes
    }
    guard let place = try nextPlace(framing, limit: limit, atEnd: isAtEnd) else { return nil }
    let record = bytes.withUnsafeBufferPointer { Array(UnsafeBufferPointer(rebasing: $0[place])) }
    if count == 0 { begin(with: []) }
    return record
  }

  /// Takes the next record as `next` does, without copying it.
  ///
  /// - Returns: The place of the record, which is good for the subscript until the splitter changes
  ///   again.
  package mutating func nextPlace(
    _ framing: RecordFraming, limit: Int = longest, atEnd isAtEnd: Bool = false
  ) throws(RecordFailure) -> Range<Int>? {
    switch framing {
    case .bytes: count > 0 ? take(count, skipping: 0) : nil
    case .lines: try next(endingWith: UInt8(ascii: "\n"), limit, isAtEnd)
    case .nul: try next(endingWith: 0, limit, isAtEnd)
    case .length, .lengthBigEndian: try nextWithLength(framing, limit, isAtEnd)
    }
  }

  /// The bytes of a record at its place.
  package subscript(place: Range<Int>) -> ArraySlice<UInt8> { bytes[place] }

  @inline(__always)
  private mutating func next(
    endingWith end: UInt8, _ limit: Int, _ isAtEnd: Bool
  ) throws(RecordFailure) -> Range<Int>? {
    let place = find(end)
    let length = (place ?? bytes.count) - start
    guard length <= limit else { throw .tooLong(nil, limit: limit) }
    if place != nil { return take(length, skipping: 1) }
    return isAtEnd && length > 0 ? take(length, skipping: 0) : nil
  }

  @inline(__always)
  private mutating func find(_ end: UInt8) -> Int? {
    if end != self.end { (self.end, searched) = (end, start) }
    let from = max(start, searched)
    let place = bytes.withUnsafeBytes { buffer -> Int? in
      guard let base = buffer.baseAddress, from < buffer.count,
        let found = memchr(base + from, Int32(end), buffer.count - from)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
    searched = place ?? bytes.count
    return place
  }

  private mutating func nextWithLength(
    _ framing: RecordFraming, _ limit: Int, _ isAtEnd: Bool
  ) throws(RecordFailure) -> Range<Int>? {
    guard count >= RecordFraming.prefix else {
      guard isAtEnd, count > 0 else { return nil }
      throw .incompleteLength(count)
    }
    let length = framing.length(at: start, in: bytes)
    guard length <= limit else { throw .tooLong(length, limit: limit) }
    guard count - RecordFraming.prefix >= length else {
      guard isAtEnd else { return nil }
      throw .incomplete(count - RecordFraming.prefix, of: length)
    }
    start += RecordFraming.prefix
    return take(length, skipping: 0)
  }

  private mutating func take(_ length: Int, skipping: Int) -> Range<Int> {
    let place = start..<start + length
    start = place.upperBound + skipping
    return place
  }
}
