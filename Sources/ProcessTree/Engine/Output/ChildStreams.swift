internal import ProcessTreeBase
internal import ProcessTreeLinks

/// The standard output and error of one child, read on the loop and passed on in whole lines.
final class ChildStreams {
  private struct Source {
    var lines = LineBuffer()
    /// The last chunk did not end with a line feed.
    var endsWithinLine = false
  }

  /// The owner of the output, which each piece of it names.
  struct Origin {
    let name: String
    let address: String
    let incarnation: Int
  }

  private let child: Origin
  private let sink: any OutputSink
  private var sources: [OutputStream: Source] = [.output: Source(), .error: Source()]
  private var readers: [PipeReader] = []
  private(set) var errorTail = ErrorTail()

  init(
    of child: Origin, output: consuming Descriptor, error: consuming Descriptor,
    sink: any OutputSink, on loop: EventLoop
  ) throws {
    self.child = child
    self.sink = sink
    readers = [
      try read(output, as: .output, on: loop), try read(error, as: .error, on: loop),
    ]
  }

  private func read(
    _ descriptor: consuming Descriptor, as stream: OutputStream, on loop: EventLoop
  ) throws -> PipeReader {
    try PipeReader(descriptor, on: loop) { [sink] in
      sink.hasRoom
    } receive: { [unowned self] bytes in
      if stream == .error { errorTail.append(bytes) }
      if let whole = sources[stream]?.lines.append(bytes) { emit(whole, of: stream) }
    } ended: { [unowned self] in
      end(stream)
    }
  }

  /// Whether the child may have to wait until somebody reads what it has written.
  var isPaused: Bool { readers.contains { $0.isPaused } }

  /// Reads again after the sink had no room.
  func resume() { for reader in readers { reader.resume() } }

  /// Reads no more, until `resume()` or `drainAndClose()`.
  func rest() { for reader in readers { reader.rest() } }

  /// Reads the pipes of a dead child until they are empty, then closes them.
  func drainAndClose() { for reader in readers { reader.drainAndClose() } }

  private func emit(_ bytes: [UInt8], of stream: OutputStream) {
    guard !bytes.isEmpty else { return }
    sources[stream]?.endsWithinLine = bytes.last != UInt8(ascii: "\n")
    pass(bytes, of: stream)
  }

  private func end(_ stream: OutputStream) {
    if stream == .error { errorTail.finish() }
    if let rest = sources[stream]?.lines.finish() { emit(rest, of: stream) }
    guard sources[stream]?.endsWithinLine == true else { return }
    pass([], of: stream)
  }

  private func pass(_ bytes: [UInt8], of stream: OutputStream) {
    sink.write(
      OutputChunk(
        node: child.name, address: child.address, incarnation: child.incarnation,
        stream: stream, bytes: bytes))
  }
}

extension ChildStreams.Origin {
  init(of child: ChildDeclaration) {
    self.init(
      name: child.name, address: child.address.description, incarnation: child.incarnation)
  }
}
