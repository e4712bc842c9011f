internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The standard output and error of one child, read on the loop and passed on in whole lines.
final class ChildStreams {
  private static let bytesPerRead = 64 << 10

  private final class Source {
    let stream: OutputStream
    let descriptor: Int32
    var lines = LineBuffer()
    var isOpen = true
    /// The last chunk did not end with a line feed.
    var endsWithinLine = false

    init(_ stream: OutputStream, _ descriptor: Int32) {
      self.stream = stream
      self.descriptor = descriptor
    }
  }

  private let node: String
  private let loop: EventLoop
  private let sink: any OutputSink
  private let sources: [Source]
  private(set) var errorTail = ErrorTail()
  private var isPaused = false

  init(
    of node: String, output: Int32, error: Int32, sink: any OutputSink, on loop: EventLoop
  ) throws {
    self.node = node
    self.sink = sink
    self.loop = loop
    sources = [Source(.output, output), Source(.error, error)]
    for source in sources {
      try Descriptors.setNonBlocking(source.descriptor)
      try loop.poller.add(source.descriptor, for: .read) { [weak self, source] _ in
        self?.read(source)
      }
    }
  }

  /// Reads again after the sink had no room.
  func resume() {
    guard isPaused else { return }
    isPaused = false
    for source in sources where source.isOpen {
      loop.poller.change(source.descriptor, to: .read)
    }
  }

  private func pause() {
    guard !isPaused else { return }
    isPaused = true
    for source in sources where source.isOpen { loop.poller.change(source.descriptor, to: []) }
  }

  private func read(_ source: Source) {
    guard sink.hasRoom else { return pause() }
    if readOnce(source) == .end { close(source) }
  }

  /// Reads the pipes of a dead child until they are empty, then closes them.
  ///
  /// It does not wait for their end, because a descendant may hold them open.
  func drainAndClose() {
    for source in sources where source.isOpen {
      // A descendant may write without end.
      var budget = 64
      while budget > 0, case .bytes = readOnce(source) { budget -= 1 }
      close(source)
    }
  }

  private func readOnce(_ source: Source) -> Descriptors.ReadResult {
    withUnsafeTemporaryAllocation(byteCount: Self.bytesPerRead, alignment: 16) { buffer in
      guard let result = try? Descriptors.read(source.descriptor, into: buffer) else {
        return .end
      }
      if case .bytes(let count) = result {
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        if source.stream == .error { errorTail.append(bytes) }
        emit(source.lines.append(bytes), of: source)
      }
      return result
    }
  }

  private func emit(_ bytes: [UInt8], of source: Source) {
    guard !bytes.isEmpty else { return }
    source.endsWithinLine = bytes.last != UInt8(ascii: "\n")
    sink.write(OutputChunk(node: node, stream: source.stream, bytes: bytes))
  }

  private func close(_ source: Source) {
    guard source.isOpen else { return }
    source.isOpen = false
    if source.stream == .error { errorTail.finish() }
    emit(source.lines.finish(), of: source)
    if source.endsWithinLine {
      sink.write(OutputChunk(node: node, stream: source.stream, bytes: []))
    }
    loop.poller.remove(source.descriptor)
    Descriptors.close(source.descriptor)
  }
}
