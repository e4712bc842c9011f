internal import ProcessTreeBase
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
  /// Called with whole lines, before they are passed on.
  var onLines: (([UInt8]) -> Void)?
  /// What stays in memory.
  private(set) var captured: ByteTail

  /// Takes the reading end over.
  init(_ descriptor: consuming Descriptor, to destination: Destination, on loop: EventLoop) throws {
    switch destination {
    case .writer(let writer): (self.writer, captured) = (writer, ByteTail(limit: 0))
    case .memory(let limit): (writer, captured) = (nil, ByteTail(limit: limit))
    }
    reader = try PipeReader(descriptor, on: loop) { [writer] in
      writer?.hasRoom ?? true
    } receive: { [unowned self] bytes in
      tail.append(bytes)
      guard let writer else { return captured.append(bytes) }
      let whole = lines.append(bytes)
      onLines?(whole)
      writer.write(whole)
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

/// The last bytes of a stream, up to a bound.
struct ByteTail {
  private let limit: Int
  private var kept: [UInt8] = []
  /// Whether there were more than are kept.
  private(set) var isCut = false

  init(limit: Int) { self.limit = max(0, limit) }

  /// The last bytes so far.
  var bytes: [UInt8] { kept.count > limit ? Array(kept.suffix(limit)) : kept }

  /// Takes what was read.
  mutating func append(_ new: UnsafeRawBufferPointer) {
    kept.append(contentsOf: new.suffix(limit))
    isCut = isCut || kept.count > limit || new.count > limit
    // Now and then, so that the rest is not moved each time.
    if kept.count - limit > limit { kept.removeFirst(kept.count - limit) }
  }
}
