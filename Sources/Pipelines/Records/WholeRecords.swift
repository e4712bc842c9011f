package import ProcessTreeBase

/// Bytes cut at ends of records, with as many whole records in each piece as there are.
///
/// Between commands that read and write streams in the same framing nobody has to look at a single
/// record.
struct RecordCutter: Sendable {
  private let framing: RecordFraming
  /// The bytes of a record whose end has not arrived.
  private var rest: [UInt8] = []
  /// How many bytes there are of the first record in `rest`, as far as is known.
  private var missing = RecordFraming.prefix

  init(_ framing: RecordFraming) { self.framing = framing }

  private var longest: Int { RecordSplitter.longest }

  /// Takes bytes that came; the whole records that are there now, with their marks, and nil if
  /// there are none.
  ///
  /// - Throws: `RecordFailure` for a record that is too long.
  mutating func take(_ chunk: [UInt8]) throws(RecordFailure) -> [UInt8]? {
    switch framing {
    case .bytes: chunk.isEmpty ? nil : chunk
    case .lines, .nul: try take(chunk, endingWith: framing.end ?? 0)
    case .length, .lengthBigEndian: try takeFrames(chunk)
    }
  }

  private mutating func take(
    _ chunk: [UInt8], endingWith mark: UInt8
  ) throws(RecordFailure) -> [UInt8]? {
    if rest.count + chunk.count > longest {
      let length = rest.count + (chunk.firstIndex(of: mark) ?? chunk.count)
      guard length <= longest else { throw .tooLong(nil, limit: longest) }
    }
    guard let last = chunk.lastIndex(of: mark) else {
      rest += chunk
      return nil
    }
    let whole = rest.isEmpty && last + 1 == chunk.count ? chunk : rest + chunk[...last]
    rest = Array(chunk[(last + 1)...])
    return whole
  }

  private mutating func takeFrames(_ chunk: [UInt8]) throws(RecordFailure) -> [UInt8]? {
    rest += chunk
    guard rest.count >= missing else { return nil }
    var end = 0
    missing = RecordFraming.prefix
    while rest.count - end >= RecordFraming.prefix {
      let length = framing.length(at: end, in: rest)
      guard length <= longest else { throw .tooLong(nil, limit: longest) }
      missing = RecordFraming.prefix + length
      guard rest.count - end >= missing else { break }
      end += missing
      missing = RecordFraming.prefix
    }
    guard end > 0 else { return nil }
    defer { rest = Array(rest[end...]) }
    return Array(rest[..<end])
  }

  /// The last record, which lacked its end and gets it; nil if there is none.
  ///
  /// - Throws: `RecordFailure` for one that is not whole.
  mutating func finish() throws(RecordFailure) -> [UInt8]? {
    guard !rest.isEmpty else { return nil }
    guard let end = framing.end else {
      var splitter = RecordSplitter()
      splitter.append(rest)
      return try splitter.next(framing, atEnd: true)
    }
    defer { rest = [] }
    return rest + [end]
  }
}

/// The whole records in chunks of bytes that come one after another, as many at a time as there
/// are.
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
