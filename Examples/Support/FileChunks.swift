import Glibc
import ProcessTree
import Synchronization

/// The bytes of files and directories in chunks, read off the node's event loop as they are asked
/// for.
struct FileChunks: AsyncSequence, Sendable {
  typealias Element = [UInt8]

  /// Where the bytes may be cut.
  enum Cut {
    case anywhere
    /// Never within a word: a chunk ends with a byte that is no letter. A word does not go on in
    /// the next file either: there is a line feed behind each file.
    case betweenWords
  }

  private let node: Node
  private let reader: Reader

  /// Reads on behalf of a node; its complaints begin with `name`.
  ///
  /// - Parameter others: What somebody else reads before.
  init(
    _ paths: [[UInt8]], cut: Cut, behind others: Counts = Counts(), for node: Node, name: String
  ) {
    self.node = node
    reader = Reader(FileChunkReader(paths, cut: cut, behind: others, for: node, name: name))
  }

  /// The files that were read so far, and what could not be read.
  var counts: Counts { reader.state.withLock(\.counts) }

  /// How many bytes there are in all, with those that somebody else reads; nil if that is not known
  /// before they are read.
  var total: Int? { reader.state.withLock(\.total) }

  struct AsyncIterator: AsyncIteratorProtocol {
    let chunks: FileChunks

    /// The next chunk; nil at the end.
    ///
    /// Throws a `CancellationError` when the node is asked to stop.
    func next() async throws -> [UInt8]? {
      let reader = chunks.reader
      return try await chunks.node.offload { try reader.state.withLock { try $0.next() } }
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks: self) }

  /// The next request may come from another thread than the last one.
  private final class Reader: Sendable {
    let state: Mutex<FileChunkReader>

    init(_ reader: sending FileChunkReader) {
      state = Mutex(reader)
    }
  }
}
