internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import Synchronization

/// The root's sink: its standard output and error, written by a separate thread so that a slow
/// reader never blocks the loop; by the loop itself where no thread can be made.
///
/// It is the only writer of the output of nodes and of the root's commands, so lines do not mix.
final class RootOutput: OutputSink {
  struct Failure: Error, Equatable, CustomStringConvertible {
    let stream: OutputStream
    let code: Int32

    var isReaderGone: Bool { code == EPIPE }

    var name: String { stream == .output ? "standard output" : "standard error" }

    var description: String { "\(name): \(String(cString: strerror(code)))" }
  }

  /// How many bytes may wait before children have to wait.
  private static let capacity = 1 << 20

  /// Made with the first piece of output: a short run has none.
  private var thread: ThreadExecutor?
  private let waiting = Waiting()
  private let loop: EventLoop
  /// The configuration's mode at the time of writing.
  private let mode: @Sendable () -> OutputMode
  private var prefixer = LinePrefixer()
  var onRoom: (() -> Void)?
  /// Called on the loop when a stream cannot be written to; its further output is dropped.
  var onFailure: ((Failure) -> Void)?
  /// Called with each piece of output of a node.
  var onChunk: ((OutputChunk) -> Void)?
  private var isBlocked = false
  /// All output has been written or has failed, and no more follows.
  private(set) var isFinished = false

  init(on loop: EventLoop, mode: @escaping @Sendable () -> OutputMode) {
    self.loop = loop
    self.mode = mode
  }

  var hasRoom: Bool {
    let room = waiting.bytes.load(ordering: .relaxed) < Self.capacity
    if !room { isBlocked = true }
    return room
  }

  func write(_ chunk: OutputChunk) {
    onChunk?(chunk)
    switch mode() {
    case .discard: break
    case .passThrough: write(chunk.bytes, to: chunk.stream)
    case .prefixed: write(prefixer.render(chunk), to: chunk.stream)
    }
  }

  func write(_ bytes: [UInt8], to stream: OutputStream) {
    guard !bytes.isEmpty else { return }
    waiting.bytes.add(bytes.count, ordering: .relaxed)
    let bound = LoopBound(self, on: loop)
    perform { [waiting] in
      if let failure = waiting.write(bytes, to: stream) {
        bound.loop.perform { bound.value.onFailure?(failure) }
      }
      let left = waiting.bytes.subtract(bytes.count, ordering: .relaxed).newValue
      if left < Self.capacity / 2, left + bytes.count >= Self.capacity / 2 {
        bound.loop.perform { bound.value.roomReturned() }
      }
    }
  }

  /// Writes on the thread, or at once where none can be made: a loop that a slow reader delays is
  /// better than output that is lost.
  private func perform(_ body: @escaping @Sendable () -> Void) {
    if thread == nil { thread = try? ThreadExecutor() }
    if let thread { thread.perform(body) } else { body() }
  }

  func recheck() {}

  private func roomReturned() {
    guard isBlocked else { return }
    isBlocked = false
    onRoom?()
  }

  /// Ends the output; `isFinished` becomes true once all is written, including the C library's
  /// buffers.
  func finish() {
    if thread == nil, !Descriptors.hasUnflushedOutput {
      // Nothing waits for a reader, so the thread need not wait for one.
      guard let failure = waiting.flushBuffers() else {
        isFinished = true
        return
      }
      onFailure?(failure)
    }
    let bound = LoopBound(self, on: loop)
    perform { [waiting] in
      let failure = waiting.flushBuffers()
      bound.loop.perform {
        if let failure { bound.value.onFailure?(failure) }
        bound.value.isFinished = true
      }
    }
  }

  /// The state that the thread shares with the loop.
  private final class Waiting: Sendable {
    let bytes = Atomic<Int>(0)
    private let failed = Lock<Set<OutputStream>>([])

    /// Writes all bytes, waiting if a descriptor does not block; returns the first failure of a
    /// stream.
    func write(_ bytes: [UInt8], to stream: OutputStream) -> Failure? {
      guard !failed.withLock({ $0.contains(stream) }) else { return nil }
      let descriptor = stream == .output ? STDOUT_FILENO : STDERR_FILENO
      do throws(ProcessControlError) {
        try Descriptors.writeAllQuietly(descriptor, bytes)
        return nil
      } catch {
        return fail(stream, error.errno)
      }
    }

    /// Writes buffered output of the root's own program.
    func flushBuffers() -> Failure? {
      let code = Descriptors.flushBuffers()
      return code == 0 ? nil : fail(.output, code)
    }

    private func fail(_ stream: OutputStream, _ code: Int32) -> Failure? {
      let isFirst = failed.withLock { $0.insert(stream).inserted }
      return isFirst ? Failure(stream: stream, code: code) : nil
    }
  }
}
