internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import Synchronization

/// The root's sink: its own standard output and error, written by a thread of its own, so that a
/// reader who does not read never stops the loop.
///
/// It is the only one that writes what nodes and the root's commands say, so that lines do not mix.
final class RootOutput: OutputSink {
  /// A stream could not be written to.
  struct Failure: Error, Equatable, CustomStringConvertible {
    let stream: OutputStream
    /// What the system said: an `errno`.
    let code: Int32

    /// Nobody reads any more.
    var isReaderGone: Bool { code == EPIPE }

    var name: String { stream == .output ? "standard output" : "standard error" }

    var description: String { "\(name): \(String(cString: strerror(code)))" }
  }

  /// What may wait to be written before children have to wait, in bytes.
  private static let capacity = 1 << 20

  private let thread: ThreadExecutor
  private let waiting = Waiting()
  private let loop: EventLoop
  /// The mode is the configuration's at the time of writing.
  private let mode: @Sendable () -> OutputMode
  private var prefixer = LinePrefixer()
  var onRoom: (() -> Void)?
  /// Called, on the loop, when a stream cannot be written to; what else is for it is dropped.
  var onFailure: ((Failure) -> Void)?
  private var isBlocked = false
  /// All has been written, or could not be, and nothing more comes.
  private(set) var isFinished = false

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
    switch mode() {
    case .discard: break
    case .passThrough: write(chunk.bytes, to: chunk.stream)
    case .prefixed: write(prefixer.render(chunk), to: chunk.stream)
    }
  }

  /// Writes bytes as they are.
  func write(_ bytes: [UInt8], to stream: OutputStream) {
    guard !bytes.isEmpty else { return }
    waiting.bytes.add(bytes.count, ordering: .relaxed)
    let bound = LoopBound(self, on: loop)
    thread.perform { [waiting] in
      if let failure = waiting.write(bytes, to: stream) {
        bound.loop.perform { bound.value.onFailure?(failure) }
      }
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

  /// Nothing more comes: `isFinished` is true once all has been written, the buffers of the C library
  /// included.
  func finish() {
    let bound = LoopBound(self, on: loop)
    thread.perform { [waiting] in
      let failure = waiting.flushBuffers()
      bound.loop.perform {
        if let failure { bound.value.onFailure?(failure) }
        bound.value.isFinished = true
      }
    }
  }

  /// What the queue and the loop both touch, and what the queue alone does.
  private final class Waiting: Sendable {
    let bytes = Atomic<Int>(0)
    private let failed = Mutex<Set<OutputStream>>([])

    /// Writes all bytes, waiting where the descriptor does not block; the failure if there is one, the
    /// first time.
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

    /// Writes what the root's own program has printed and is still in buffers.
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
