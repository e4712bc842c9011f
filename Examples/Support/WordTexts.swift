import Glibc
import ProcessTree

/// The text of files and directories, in parts that no word lies across.
///
/// Large files that were given by their names go as ranges, because what has to be counted is a
/// hundred thousand times as long as its place: those parts are messages of ``FileRange``s. What a
/// walk finds, standard input and small files are read here.
struct WordTexts: AsyncSequence, Sendable {
  typealias Element = [UInt8]

  /// The size of a range.
  ///
  /// Each costs the counters what it has of distinct words.
  private static let rangeSize = 2 << 20

  private let files: [FileRange]
  private let chunks: FileChunks
  private let node: Node

  /// - Parameter byRanges: Whether those that count can read the files of this node.
  init(_ paths: [[UInt8]], byRanges: Bool, for node: Node, name: String) {
    let files = byRanges ? paths.map(Self.largeFile) : paths.map { _ in nil }
    self.files = files.compactMap { $0 }
    self.node = node
    var counts = Counts()
    counts.files = self.files.count
    counts.bytes = self.files.reduce(0) { $0 + $1.bytes.count }
    chunks = FileChunks(
      zip(paths, files).filter { $0.1 == nil }.map(\.0), cut: .betweenWords, behind: counts,
      for: node, name: name)
  }

  /// The files of the text that was given out, and what could not be read.
  var counts: Counts { chunks.counts }

  /// A regular file of more than a range; nil if the path is of anything else, also of a link: it
  /// may lead every process to something of its own, as that to the standard input does.
  private static func largeFile(_ path: [UInt8]) -> FileRange? {
    var status = stat()
    guard path != GivenPaths.standardInput, lstat(cString(path), &status) == 0,
      status.st_mode & S_IFMT == S_IFREG, status.st_size > rangeSize
    else { return nil }
    return FileRange(
      path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
      bytes: 0..<Int(status.st_size))
  }

  struct AsyncIterator: AsyncIteratorProtocol {
    private var files: ArraySlice<FileRange>
    private var chunks: FileChunks.AsyncIterator
    private let node: Node
    private let total: Int?
    private var given = 0

    init(_ texts: WordTexts) {
      files = texts.files[...]
      chunks = texts.chunks.makeAsyncIterator()
      node = texts.node
      total = texts.chunks.total
    }

    /// The next part; nil at the end.
    ///
    /// Throws a `CancellationError` when the node is asked to stop.
    mutating func next() async throws -> [UInt8]? {
      guard var part = files.first else { return try await chunks.next() }
      if node.stopRequest != nil { throw CancellationError() }
      let middle = part.bytes.lowerBound + WordTexts.rangeSize
      if middle < part.bytes.upperBound {
        files[files.startIndex].bytes = middle..<part.bytes.upperBound
        part.bytes = part.bytes.lowerBound..<middle
      } else {
        files.removeFirst()
      }
      given += part.bytes.count
      node.report("read: bytes", completed: given, total: total)
      return part.message
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}
