/// Bytes cut at ends of records, with as many whole records in each piece as there are.
///
/// Between commands that read and write streams in the same framing nobody has to look at a single record.
struct RecordCutter: Sendable {
  private let framing: RecordFraming
  /// What has come of a record whose end has not.
  private var rest: [UInt8] = []

  init(_ framing: RecordFraming) { self.framing = framing }

  /// Takes bytes that came; the whole records that are there now, with their marks, and nil if there are
  /// none.
  ///
  /// - Throws: `RecordFailure` for a record that is too long.
  mutating func take(_ chunk: [UInt8]) throws(RecordFailure) -> [UInt8]? {
    let known = rest.count
    let bytes = known == 0 ? chunk : rest + chunk
    let end: Int
    switch framing {
    case .bytes: return bytes.isEmpty ? nil : bytes
    case .lines, .nul: end = bytes[known...].lastIndex(of: framing.end ?? 0).map { $0 + 1 } ?? 0
    case .length, .lengthBigEndian: end = try endOfFrames(bytes)
    }
    guard bytes.count - end <= RecordSplitter.longest + RecordFraming.prefix else {
      throw RecordSplitter.tooLong
    }
    guard end > 0 else {
      rest = bytes
      return nil
    }
    rest = Array(bytes[end...])
    return end == bytes.count ? bytes : Array(bytes[..<end])
  }

  private func endOfFrames(_ bytes: [UInt8]) throws(RecordFailure) -> Int {
    var end = 0
    while bytes.count - end >= RecordFraming.prefix {
      let length = framing.length(bytes[end..<end + RecordFraming.prefix])
      guard length <= RecordSplitter.longest else { throw RecordSplitter.tooLong }
      guard bytes.count - end - RecordFraming.prefix >= length else { break }
      end += RecordFraming.prefix + length
    }
    return end
  }

  /// The last record, which lacked its end and gets it; nil if there is none.
  ///
  /// - Throws: `RecordFailure` for one that is not whole.
  mutating func finish() throws(RecordFailure) -> [UInt8]? {
    guard !rest.isEmpty else { return nil }
    guard let end = framing.end else {
      var splitter = RecordSplitter(framing)
      splitter.append(rest)
      return try splitter.next(atEnd: true)
    }
    defer { rest = [] }
    return rest + [end]
  }
}

/// The whole records in chunks of bytes that come one after another, as many at a time as there are.
package struct WholeRecords<Chunks: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Chunks.Element == [UInt8] {
  private let chunks: Chunks
  private let framing: RecordFraming

  package init(_ chunks: Chunks, _ framing: RecordFraming) {
    self.chunks = chunks
    self.framing = framing
  }

  package struct Iterator: AsyncIteratorProtocol {
    fileprivate var chunks: Chunks.AsyncIterator
    fileprivate var cutter: RecordCutter
    fileprivate var isAtEnd = false

    package mutating func next() async throws -> [UInt8]? { try await next(isolation: nil) }

    package mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws -> [UInt8]? {
      while !isAtEnd {
        guard let chunk = try await chunks.next(isolation: actor) else {
          isAtEnd = true
          return try cutter.finish()
        }
        if let records = try cutter.take(chunk) { return records }
      }
      return nil
    }
  }

  package func makeAsyncIterator() -> Iterator {
    Iterator(chunks: chunks.makeAsyncIterator(), cutter: RecordCutter(framing))
  }
}
