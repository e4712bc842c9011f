/// The lines of files, one file after another, as inputs of a pipeline or a pool.
///
/// ```swift
/// let words = try await root.run(
///   over: FileLines(["access.log", "-"]), using: Pipeline(Tokenize()))
/// ```
///
/// Lines come without their line feeds; the last one of a file may lack it. Bytes that are no UTF-8
/// become replacement characters. Files are read as lines are asked for, 64 KiB at a time and off the
/// node's event loop, so that a pipe that nobody writes to does not stop the node.
///
/// The iterator throws a ``FileFailure`` for a file that cannot be opened or read and for a line that
/// is too long, and `CancellationError`.
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
    private var bytes: [UInt8] = []
    private var start = 0
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
      var searched = start
      while true {
        if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
          guard end - start <= limit else { throw tooLong }
          defer { start = end + 1 }
          return String(decoding: bytes[start..<end], as: UTF8.self)
        }
        guard bytes.count - start <= limit else { throw tooLong }
        if isAtEndOfFile, start < bytes.count {
          defer { start = bytes.count }
          return String(decoding: bytes[start...], as: UTF8.self)
        }
        bytes.removeSubrange(..<start)
        start = 0
        searched = bytes.count
        guard let more = try await files.next() else { return nil }
        isAtEndOfFile = more.isEmpty
        bytes += more
      }
    }

    private var tooLong: FileFailure {
      FileFailure(path: files.path, reason: "a line is longer than \(limit) bytes")
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

/// The error of a file that cannot be opened or read, or whose lines cannot be used.
public struct FileFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// Why.
  public var reason: String

  /// Makes a failure.
  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// The file and the reason.
  public var description: String { "\(path == "-" ? "standard input" : path): \(reason)" }
}
