internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

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

  private static let bytesPerRead = 64 << 10

  private let loop: EventLoop
  /// Nil when the text stays in memory.
  private let writer: StandardErrorWriter?
  /// The reading end of the pipe, -1 once closed.
  private var descriptor: Int32
  private var isWatched = false
  private var lines = LineBuffer()
  private var tail = ErrorTail()
  /// What stays in memory.
  private(set) var captured: ByteTail

  /// Takes the reading end over.
  init(_ descriptor: Int32, to destination: Destination, on loop: EventLoop) throws {
    try Descriptors.setNonBlocking(descriptor)
    self.descriptor = descriptor
    switch destination {
    case .writer(let writer): (self.writer, captured) = (writer, ByteTail(limit: 0))
    case .memory(let limit): (writer, captured) = (nil, ByteTail(limit: limit))
    }
    self.loop = loop
    try watch()
  }

  /// The last lines so far, at most 20.
  var lastLines: [String] { tail.lastErrorLines }

  /// Reads on after the writer had no room.
  func resume() {
    guard descriptor >= 0, hasRoom else { return }
    try? watch()
  }

  /// Takes what the command left in the pipe, never waiting for the pipe's end, and closes it.
  func drainAndClose() {
    // Something that has escaped and goes on writing must not keep us here.
    var budget = 64
    while descriptor >= 0, budget > 0, readOnce() { budget -= 1 }
    close()
  }

  private var hasRoom: Bool { writer?.hasRoom ?? true }

  private func watch() throws(LoopError) {
    guard !isWatched else { return }
    try loop.poller.add(descriptor, for: .read) { [unowned self] _ in
      // While there is no room the pipe fills, and the command waits.
      guard hasRoom else { return unwatch() }
      _ = readOnce()
    }
    isWatched = true
  }

  private func unwatch() {
    guard isWatched else { return }
    isWatched = false
    loop.poller.remove(descriptor)
  }

  /// False when nothing is there at present, or any more.
  private func readOnce() -> Bool {
    withUnsafeTemporaryAllocation(byteCount: Self.bytesPerRead, alignment: 16) { space in
      guard let result = try? Descriptors.read(descriptor, into: space) else {
        close()
        return false
      }
      switch result {
      case .bytes(let count):
        let bytes = UnsafeRawBufferPointer(rebasing: space[..<count])
        tail.append(bytes)
        if let writer { writer.write(lines.append(bytes)) } else { captured.append(bytes) }
        return true
      case .wouldBlock: return false
      case .end:
        close()
        return false
      }
    }
  }

  private func close() {
    guard descriptor >= 0 else { return }
    unwatch()
    tail.finish()
    var rest = lines.finish()
    // Lines of others follow it.
    if !rest.isEmpty { rest.append(UInt8(ascii: "\n")) }
    writer?.write(rest)
    Descriptors.close(descriptor)
    descriptor = -1
  }
}
