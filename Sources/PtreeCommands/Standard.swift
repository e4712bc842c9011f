internal import Glibc
internal import Synchronization

/// A stream that could not be written to.
struct StreamError: Error, CustomStringConvertible {
  let name: String
  let number: Int32

  var isClosedPipe: Bool { number == EPIPE }

  var description: String { "\(name): \(String(cString: strerror(number)))" }
}

/// A descriptor to write whole texts to.
struct TextStream: Sendable {
  let descriptor: Int32
  /// What it is called in messages.
  let name: String

  /// Writes all of the text, waiting where the descriptor does not block.
  func write(_ text: String) throws(StreamError) { try write(Array(text.utf8)) }

  /// Writes all of the bytes, waiting where the descriptor does not block.
  func write(_ text: [UInt8]) throws(StreamError) {
    var offset = 0
    // A reader that has gone, or a file that may not grow, is an error of ours, not the end of the
    // process.
    let mask = blockSignals()
    defer { restoreSignals(mask) }
    while offset < text.count {
      let written = text.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), text.count - offset)
      }
      if written >= 0 {
        offset += written
      } else if errno == EAGAIN {
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        Glibc.poll(&wait, 1, -1)
      } else if errno != EINTR {
        throw StreamError(name: name, number: errno)
      }
    }
  }

  /// Whether a write does not wait.
  var isReady: Bool { poll(for: POLLOUT) & POLLOUT != 0 }

  /// Whether nobody can read any more what is written.
  var hasNoReader: Bool { poll(for: 0) & (POLLERR | POLLHUP) != 0 }

  private func poll(for events: Int32) -> Int32 {
    var state = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return Glibc.poll(&state, 1, 0) > 0 ? Int32(state.revents) : 0
  }

  /// Writes a line if that is possible.
  func tell(_ line: String) { try? write(line.hasSuffix("\n") ? line : line + "\n") }

  private func blockSignals() -> sigset_t {
    var (held, before) = (Self.signalsOfWrites, sigset_t())
    pthread_sigmask(SIG_BLOCK, &held, &before)
    return before
  }

  /// Takes the signal that a failed write has left pending, then unblocks it.
  private func restoreSignals(_ mask: sigset_t) {
    var (mask, held, now) = (mask, Self.signalsOfWrites, timespec())
    let failure = errno
    while sigtimedwait(&held, nil, &now) > 0 {}
    pthread_sigmask(SIG_SETMASK, &mask, nil)
    errno = failure
  }

  private static var signalsOfWrites: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    sigaddset(&signals, SIGXFSZ)
    return signals
  }
}

/// The standard streams of the tool.
enum Standard {
  static var output: TextStream {
    TextStream(descriptor: result.load(ordering: .relaxed), name: "standard output")
  }

  static var error: TextStream { TextStream(descriptor: STDERR_FILENO, name: "standard error") }

  /// Where standard output leads; another descriptor once that one was reserved.
  private static let result = Atomic<Int32>(STDOUT_FILENO)

  /// Reports something that went wrong, under the name of the tool or of the app.
  static func complain(_ text: String) { error.tell("\(RunningTool.current.name): \(text)") }

  /// Keeps standard output for the tool alone: what nodes write to theirs goes to standard error.
  static func reserveOutput() throws(StreamError) {
    let kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
    guard kept >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else {
      throw StreamError(name: "standard output", number: errno)
    }
    result.store(kept, ordering: .relaxed)
  }

  /// A terminal that shows control sequences instead of obeying them.
  private static var isDumbTerminal: Bool {
    getenv("TERM").map { strcmp($0, "dumb") == 0 } ?? false
  }

  /// Whether colours are welcome on standard error.
  static var hasColour: Bool {
    guard isatty(STDERR_FILENO) == 1, !isDumbTerminal else { return false }
    return getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
  }
}
