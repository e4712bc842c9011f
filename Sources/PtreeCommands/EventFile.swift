internal import Glibc
internal import ProcessTree
internal import Synchronization

/// Events as lines of JSON in a file, or on standard output.
final class EventFile: EventSink {
  private let stream: TextStream
  private let hasFailed = Atomic<Bool>(false)
  private let onFailure: @Sendable (StreamError) -> Void

  /// Makes or empties the file; `-` is standard output.
  ///
  /// - Parameter onFailure: Called once, when no further events can be written.
  init(
    _ name: String, onFailure: @escaping @Sendable (StreamError) -> Void
  ) throws(UsageError) {
    self.onFailure = onFailure
    guard name != "-" else {
      stream = Standard.output
      return
    }
    let path = RawArguments.bytes(of: name).map { CChar(bitPattern: $0) } + [0]
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0o666)
    guard descriptor >= 0 else {
      throw UsageError("\(name) cannot be opened for events: \(String(cString: strerror(errno)))")
    }
    stream = TextStream(descriptor: descriptor, name: name)
  }

  /// Notices a reader that leaves although nothing is written for it.
  func watchReader(in root: Node) {
    Task(executorPreference: root.loopExecutor) { [self] in
      while !stream.hasNoReader { try await root.sleep(for: Self.period) }
      fail(StreamError(name: stream.name, number: EPIPE))
    }
  }

  private static let period: Duration = .milliseconds(200)

  private func fail(_ error: StreamError) {
    if !hasFailed.exchange(true, ordering: .relaxed) { onFailure(error) }
  }

  func write(_ event: LifecycleEvent) {
    guard !hasFailed.load(ordering: .relaxed) else { return }
    do {
      try stream.write(event.jsonLine)
    } catch {
      fail(error)
    }
  }
}
