internal import Glibc
internal import Links
internal import Synchronization

/// The root's sink: its own standard output and error, written by a thread of its own, so that a
/// reader who does not read never stops the loop.
final class RootOutput: OutputSink {
  /// What may wait to be written before children have to wait, in bytes.
  private static let capacity = 1 << 20

  private let thread: ThreadExecutor
  private let waiting = Waiting()
  private let loop: EventLoop
  /// The mode is the configuration's at the time of writing.
  private let mode: @Sendable () -> OutputMode
  var onRoom: (() -> Void)?
  private var isBlocked = false

  /// Makes the thread; throws where none is to be had.
  init(on loop: EventLoop, mode: @escaping @Sendable () -> OutputMode) throws(LimitError) {
    thread = try ThreadExecutor()
    self.loop = loop
    self.mode = mode
  }

  var hasRoom: Bool {
    let room = waiting.bytes.load(ordering: .relaxed) < Self.capacity
    if !room { isBlocked = true }
    return room
  }

  func write(_ chunk: OutputChunk) {
    let mode = mode()
    guard mode != .discard else { return }
    let bytes = chunk.rendered(prefixed: mode == .prefixed)
    let descriptor = chunk.stream == .output ? STDOUT_FILENO : STDERR_FILENO
    waiting.bytes.add(bytes.count, ordering: .relaxed)
    let bound = LoopBound(self, on: loop)
    thread.perform { [waiting] in
      writeFully(bytes, to: descriptor)
      let left = waiting.bytes.subtract(bytes.count, ordering: .relaxed).newValue
      if left < Self.capacity / 2, left + bytes.count >= Self.capacity / 2 {
        bound.loop.perform { bound.value.roomReturned() }
      }
    }
  }

  func recheck() {}

  private func roomReturned() {
    guard isBlocked else { return }
    isBlocked = false
    onRoom?()
  }

  /// Waits until all is written, at most `time`; false when something was left.
  func flush(within time: Duration) -> Bool {
    guard waiting.bytes.load(ordering: .relaxed) > 0 else { return true }
    return thread.drain(within: time)
  }

  /// The count that both threads touch.
  private final class Waiting: Sendable {
    let bytes = Atomic<Int>(0)
  }
}

/// Writes all bytes, waiting where the descriptor does not block; gives up when nobody can read.
///
/// To be called on a thread that hears no signals, SIGPIPE least of all.
private func writeFully(_ bytes: [UInt8], to descriptor: Int32) {
  bytes.withUnsafeBytes { buffer in
    var offset = 0
    while offset < buffer.count {
      let rest = UnsafeRawBufferPointer(rebasing: buffer[offset...])
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written > 0 {
        offset += written
      } else if errno == EAGAIN {
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&wait, 1, 1_000)
      } else if errno != EINTR {
        return
      }
    }
  }
}
