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
  package var end: UInt8? {
    switch self {
    case .lines: UInt8(ascii: "\n")
    case .nul: 0
    case .length, .lengthBigEndian, .bytes: nil
    }
  }

  /// Appends a record.
  package func append(_ record: [UInt8], to bytes: inout [UInt8]) {
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

  /// How many bytes a length takes that stands before a record.
  static var prefix: Int { 4 }

  /// The length that some bytes express.
  func length(_ bytes: ArraySlice<UInt8>) -> Int {
    let first = self == .lengthBigEndian ? Array(bytes) : bytes.reversed()
    return first.reduce(0) { $0 << 8 | Int($1) }
  }

  /// Whether a reader finds one record where this one was written.
  package func holds(_ record: [UInt8]) -> Bool { end.map { !record.contains($0) } ?? true }
}

/// Bytes that cannot be divided into records.
package struct RecordFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Divides bytes into records as they come.
package struct RecordSplitter: Sendable {
  /// The longest record, in bytes.
  package static var longest: Int { 64 << 20 }
  private let framing: RecordFraming
  private var bytes: [UInt8] = []
  private var start = 0
  /// Up to where no end of a record was found.
  private var searched = 0

  package init(_ framing: RecordFraming) { self.framing = framing }

  /// How many bytes wait.
  package var count: Int { bytes.count - start }

  /// Takes bytes that came.
  package mutating func append(_ chunk: [UInt8]) {
    if start == bytes.count {
      bytes = chunk
      start = 0
      searched = 0
    } else {
      if start > bytes.count / 2 {
        bytes.removeSubrange(..<start)
        searched -= start
        start = 0
      }
      bytes += chunk
    }
  }

  /// The next record; nil when more has to come for it or, at the end, when none is left.
  ///
  /// - Throws: `RecordFailure` for a record that is too long or incomplete.
  package mutating func next(atEnd: Bool = false) throws(RecordFailure) -> [UInt8]? {
    switch framing {
    case .bytes: return count > 0 ? take(count, skipping: 0) : nil
    case .length, .lengthBigEndian: return try nextWithLength(atEnd: atEnd)
    case .lines, .nul: break
    }
    let place = bytes[max(start, searched)...].firstIndex(of: framing.end ?? 0)
    searched = place ?? bytes.count
    let length = (place ?? bytes.count) - start
    guard length <= Self.longest else { throw Self.tooLong }
    if place != nil { return take(length, skipping: 1) }
    return atEnd && length > 0 ? take(length, skipping: 0) : nil
  }

  private mutating func nextWithLength(atEnd: Bool) throws(RecordFailure) -> [UInt8]? {
    guard count >= RecordFraming.prefix else {
      guard atEnd, count > 0 else { return nil }
      throw RecordFailure("the bytes end within the length of a record")
    }
    let length = framing.length(bytes[start..<start + RecordFraming.prefix])
    guard length <= Self.longest else { throw Self.tooLong }
    guard count >= RecordFraming.prefix + length else {
      guard atEnd else { return nil }
      throw RecordFailure(
        "the bytes end after \(count - RecordFraming.prefix) of the \(length) bytes of a record")
    }
    start += RecordFraming.prefix
    return take(length, skipping: 0)
  }

  private mutating func take(_ length: Int, skipping: Int) -> [UInt8] {
    let record = Array(bytes[start..<start + length])
    start += length + skipping
    searched = max(searched, start)
    return record
  }

  static var tooLong: RecordFailure {
    RecordFailure("a record is longer than \(longest) bytes")
  }
}

/// The records in chunks of bytes that come one after another.
package struct SplitRecords<Chunks: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Chunks.Element == [UInt8] {
  private let chunks: Chunks
  private let framing: RecordFraming

  package init(_ chunks: Chunks, _ framing: RecordFraming) {
    self.chunks = chunks
    self.framing = framing
  }

  package struct Iterator: AsyncIteratorProtocol {
    fileprivate var chunks: Chunks.AsyncIterator
    fileprivate var splitter: RecordSplitter
    fileprivate var isAtEnd = false

    package mutating func next() async throws -> [UInt8]? { try await next(isolation: nil) }

    package mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws -> [UInt8]? {
      while true {
        if let record = try splitter.next(atEnd: isAtEnd) { return record }
        guard !isAtEnd else { return nil }
        if let chunk = try await chunks.next(isolation: actor) {
          splitter.append(chunk)
        } else {
          isAtEnd = true
        }
      }
    }
  }

  package func makeAsyncIterator() -> Iterator {
    Iterator(chunks: chunks.makeAsyncIterator(), splitter: RecordSplitter(framing))
  }
}
