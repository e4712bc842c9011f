package import ProcessTreeBase

/// The records in chunks of bytes that come one after another.
package struct SplitRecords<Chunks: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Chunks.Element == [UInt8] {
  private let chunks: Chunks
  private let framing: RecordFraming
  private let explain: @Sendable (RecordFailure) -> any Error

  /// Makes a sequence of records.
  ///
  /// - Parameters:
  ///   - chunks: The bytes.
  ///   - framing: How the records stand in them.
  ///   - explain: The error for bytes that cannot be divided.
  package init(
    _ chunks: Chunks, _ framing: RecordFraming,
    explain: @escaping @Sendable (RecordFailure) -> any Error = { $0 }
  ) {
    self.chunks = chunks
    self.framing = framing
    self.explain = explain
  }

  package struct Iterator: AsyncIteratorProtocol {
    fileprivate var chunks: Chunks.AsyncIterator
    fileprivate let records: SplitRecords
    fileprivate var splitter = RecordSplitter()
    fileprivate var isAtEnd = false

    package mutating func next() async throws -> [UInt8]? { try await next(isolation: nil) }

    package mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws -> [UInt8]? {
      while true {
        do throws(RecordFailure) {
          if let record = try splitter.next(records.framing, atEnd: isAtEnd) { return record }
        } catch {
          throw records.explain(error)
        }
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
    Iterator(chunks: chunks.makeAsyncIterator(), records: self)
  }
}
