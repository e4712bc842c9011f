import Glibc
import ProcessTree

/// Reads files and directories one after the other, in chunks.
final class FileChunkReader {
  /// The size of a chunk; one with a longer word is as long as that.
  private static let chunkSize = 256 << 10

  private(set) var counts: Counts
  private var paths: IndexingIterator<[[UInt8]]>
  private var walk: FileWalk?
  private var file: (descriptor: Int32, path: [UInt8])?
  /// The beginning of the next chunk.
  private var rest: [UInt8] = []
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 64)
  private let cut: FileChunks.Cut
  private let node: Node
  private let name: String
  /// How many bytes there are in all, if that is known before they are read.
  let total: Int?

  init(
    _ paths: [[UInt8]], cut: FileChunks.Cut, behind others: Counts, for node: Node, name: String
  ) {
    self.paths = paths.makeIterator()
    counts = others
    self.cut = cut
    self.node = node
    self.name = name
    total = paths.reduce(others.bytes) { sum, path in
      var status = stat()
      guard let sum, path != GivenPaths.standardInput, stat(cString(path), &status) == 0,
        status.st_mode & S_IFMT == S_IFREG
      else {
        return nil
      }
      return sum + status.st_size
    }
  }

  deinit {
    if let file { close(file.descriptor) }
    buffer.deallocate()
  }

  /// The next chunk; nil at the end.
  func next() throws -> [UInt8]? {
    var chunk = rest
    rest = []
    while true {
      let start = chunk.count
      guard try fill(&chunk), case .betweenWords = cut else { break }
      // Else it is all one word, as far as can be seen.
      if let end = chunk[start...].lastIndex(where: { WordTable.letter($0) == nil }) {
        rest = Array(chunk[(end + 1)...])
        chunk.removeLast(rest.count)
        break
      }
    }
    node.report("read: bytes", completed: counts.bytes, total: total)
    return chunk.isEmpty ? nil : chunk
  }

  /// Adds about a chunk's size of bytes; false at the end of all files.
  private func fill(_ chunk: inout [UInt8]) throws -> Bool {
    let enough = chunk.count + Self.chunkSize
    while chunk.count < enough {
      guard let file else {
        guard openNext() else { return false }
        continue
      }
      guard let length = try read(file.descriptor) else {
        note(SystemFailure(), at: file.path)
        endFile(&chunk)
        continue
      }
      chunk += buffer[..<length]
      counts.bytes += length
      if length == 0 { endFile(&chunk) }
    }
    return true
  }

  private func endFile(_ chunk: inout [UInt8]) {
    if let file { close(file.descriptor) }
    file = nil
    if case .betweenWords = cut { chunk.append(UInt8(ascii: "\n")) }
  }

  /// Reads the bytes that are there, and waits for those of a pipe; nil after a failure.
  private func read(_ descriptor: Int32) throws -> Int? {
    while true {
      if node.stopRequest != nil { throw CancellationError() }
      // Standard input may block, which no stop would end.
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, 100) > 0 else { continue }
      let length = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if length >= 0 { return length }
      guard errno == EAGAIN || errno == EINTR else { return nil }
    }
  }

  /// Opens the next file, or passes one over that cannot be read; false when there is none.
  private func openNext() -> Bool {
    if let found = walk?.next() {
      counts.files += 1
      file = found.descriptor.map { ($0, found.path) }
      return true
    }
    walk = nil
    guard let path = paths.next() else { return false }
    if path == GivenPaths.standardInput { return open(dup(STDIN_FILENO), path) }
    var status = stat()
    if stat(cString(path), &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      walk = FileWalk(at: Place(base: path), isDeep: true) { [unowned self] in note($1, at: $0) }
      return true
    }
    return open(Glibc.open(cString(path), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), path)
  }

  /// Takes an opened file as the next one, or notes why it could not be opened.
  private func open(_ descriptor: Int32, _ path: [UInt8]) -> Bool {
    counts.files += 1
    if descriptor >= 0 { file = (descriptor, path) } else { note(SystemFailure(), at: path) }
    return true
  }

  private func note(_ failure: SystemFailure, at path: [UInt8]) {
    counts.unreadable += 1
    complainOfFile(name, path, failure)
  }
}
