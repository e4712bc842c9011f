internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// Reads one pipe on the loop and passes on its bytes as they come, while the receiver has room.
///
/// While it has none the pipe fills, and the process that writes waits. Belongs to the loop.
final class PipeReader {
  private static let bytesPerRead = 64 << 10

  /// The reading end, until it is closed.
  private var pipe: WatchedDescriptor?
  private let hasRoom: () -> Bool
  private let receive: (UnsafeRawBufferPointer) -> Void
  private let ended: () -> Void
  /// Whether nothing is read because the receiver had no room.
  private(set) var isPaused = false

  /// - Parameters:
  ///   - descriptor: The reading end.
  ///   - hasRoom: Whether the receiver takes more; asked before each read.
  ///   - receive: Called with the bytes of each read.
  ///   - ended: Called once, when nothing more is read.
  init(
    _ descriptor: consuming Descriptor, on loop: EventLoop, while hasRoom: @escaping () -> Bool,
    receive: @escaping (UnsafeRawBufferPointer) -> Void, ended: @escaping () -> Void
  ) throws {
    try Descriptors.setNonBlocking(descriptor.number)
    pipe = WatchedDescriptor(descriptor, on: loop)
    self.hasRoom = hasRoom
    self.receive = receive
    self.ended = ended
    try watch()
  }

  /// Reads on after the receiver had no room, or after a rest.
  func resume() {
    guard hasRoom() else {
      isPaused = pipe != nil
      return
    }
    // After a failure the next room is another chance.
    try? watch()
  }

  /// Reads no more, until `resume()` or `drainAndClose()`.
  func rest() { pipe?.unwatch() }

  /// Takes the bytes that a process left in the pipe when it ended, and closes it.
  ///
  /// It does not wait for the end of the pipe, because a descendant may hold it open.
  func drainAndClose() {
    // A descendant may write without end.
    var budget = 64
    while budget > 0, readOnce() { budget -= 1 }
    close()
  }

  private func read() {
    if hasRoom() {
      _ = readOnce()
    } else {
      // Not only without interest: a pipe whose writer has gone would wake the loop all the time.
      pipe?.unwatch()
      isPaused = true
    }
  }

  private func watch() throws(LoopError) {
    isPaused = false
    try pipe?.watch(for: .read) { [weak self] in self?.read() }
  }

  /// False when nothing is there at present, or any more.
  private func readOnce() -> Bool {
    guard let number = pipe?.number else { return false }
    return withUnsafeTemporaryAllocation(byteCount: Self.bytesPerRead, alignment: 16) { space in
      switch try? Descriptors.read(number, into: space) {
      case .bytes(let count):
        receive(UnsafeRawBufferPointer(rebasing: space[..<count]))
        return true
      case .wouldBlock: return false
      case .end, nil:
        close()
        return false
      }
    }
  }

  private func close() {
    guard pipe != nil else { return }
    pipe = nil
    ended()
  }
}
