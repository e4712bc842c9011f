internal import ProcessTreeBase

/// The lines of files, one file after another, as inputs of a pipeline or a pool.
///
/// ```swift
/// let words = try await root.run(
///   over: FileLines(["access.log", "-"]), using: Pipeline(Tokenize()))
/// ```
///
/// Lines come without their line feeds; the last one of a file may lack it. Bytes that are no UTF-8
/// become replacement characters. Files are read as lines are asked for, 64 KiB at a time and off
/// the node's event loop, so that a pipe that nobody writes to does not stop the node.
///
/// The iterator throws a ``FileFailure`` for a file that cannot be opened or read and for a line
/// that is too long, and `CancellationError`.
public struct FileLines: AsyncSequence, Sendable {
  private let paths: [String]
  private let limit: Int

  /// Names the files; none is opened before its lines are asked for.
  ///
  /// - Parameters:
  ///   - paths: The files; `-` is the standard input.
  ///   - limit: How many bytes a line has, at most.
  public init(_ paths: [String], limit: Int = 1 << 20) {
    self.paths = paths
    self.limit = limit
  }

  /// Takes the lines one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private var files: FileReader
    private let limit: Int
    private var splitter = RecordSplitter()
    private var isAtEndOfFile = true

    init(_ files: FileReader, limit: Int) {
      self.files = files
      self.limit = limit
    }

    /// The next line; nil at the end of the last file.
    ///
    /// - Throws: A ``FileFailure`` for a file that cannot be opened or read, or a line that is too
    ///   long; `CancellationError`.
    public mutating func next() async throws -> String? {
      while true {
        do throws(RecordFailure) {
          let place = try splitter.nextPlace(.lines, limit: limit, atEnd: isAtEndOfFile)
          if let place { return String(decoding: splitter[place], as: UTF8.self) }
        } catch {
          throw FileFailure(
            .lineTooLong, path: files.path, "a line is longer than \(limit) bytes")
        }
        guard let more = try await files.next() else { return nil }
        isAtEndOfFile = more.isEmpty
        splitter.append(more)
      }
    }
  }

  /// Starts with the first file.
  public func makeAsyncIterator() -> Iterator { Iterator(FileReader(paths), limit: limit) }
}

/// The bytes of files, one file after another, in chunks of at most 64 KiB; else as ``FileLines``.
public struct FileChunks: AsyncSequence, Sendable {
  private let paths: [String]

  /// Names the files; none is opened before its bytes are asked for.
  ///
  /// - Parameter paths: The files; `-` is the standard input.
  public init(_ paths: [String]) { self.paths = paths }

  /// Takes the chunks one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private var files: FileReader

    init(_ files: FileReader) { self.files = files }

    /// The next chunk, which is not empty; nil at the end of the last file.
    ///
    /// - Throws: A ``FileFailure`` for a file that cannot be opened or read; `CancellationError`.
    public mutating func next() async throws -> [UInt8]? {
      while let chunk = try await files.next() {
        if !chunk.isEmpty { return chunk }
      }
      return nil
    }
  }

  /// Starts with the first file.
  public func makeAsyncIterator() -> Iterator { Iterator(FileReader(paths)) }
}
