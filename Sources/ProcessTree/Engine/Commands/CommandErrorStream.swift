internal import ProcessTreeLinks

/// The standard error of one command: its lines go on to the node's own and the last ones are kept,
/// or all of it stays in memory, up to a bound.
///
/// Belongs to the loop.
final class CommandErrorStream {
  /// Where the text goes.
  enum Destination {
    case writer(StandardErrorWriter)
    /// Into memory: the last bytes, this many at most.
    case memory(limit: Int)
  }

  /// Nil when the text stays in memory.
  private let writer: StandardErrorWriter?
  private var reader: PipeReader?
  private var lines = LineBuffer()
  private var tail = ErrorTail()
  /// What stays in memory.
  private(set) var captured: ByteTail

  /// Takes the reading end over.
  init(_ descriptor: Int32, to destination: Destination, on loop: EventLoop) throws {
    switch destination {
    case .writer(let writer): (self.writer, captured) = (writer, ByteTail(limit: 0))
    case .memory(let limit): (writer, captured) = (nil, ByteTail(limit: limit))
    }
    reader = try PipeReader(descriptor, on: loop) { [writer] in
      writer?.hasRoom ?? true
    } receive: { [unowned self] bytes in
      tail.append(bytes)
      if let writer { writer.write(lines.append(bytes)) } else { captured.append(bytes) }
    } ended: { [unowned self] in
      end()
    }
  }

  /// The last lines so far, at most 20.
  var lastLines: [String] { tail.lastErrorLines }

  /// Reads on after the writer had no room.
  func resume() { reader?.resume() }

  /// Takes what the command left in the pipe, never waiting for the pipe's end, and closes it.
  func drainAndClose() { reader?.drainAndClose() }

  private func end() {
    tail.finish()
    var rest = lines.finish()
    // Lines of others follow it.
    if !rest.isEmpty { rest.append(UInt8(ascii: "\n")) }
    writer?.write(rest)
  }
}
