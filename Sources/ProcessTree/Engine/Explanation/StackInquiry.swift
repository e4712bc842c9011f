internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// Asks the threads of a process for their stacks, one after the other, so that one descriptor is
/// enough.
///
/// Belongs to the loop, and holds itself until it is done.
final class StackInquiry {
  /// How long a thread has to write its stack.
  private static let patience: Duration = .milliseconds(500)

  private let pid: Int32
  private let directory: String
  private let loop: EventLoop
  private let done: ([ThreadStack]) -> Void
  private var left: ArraySlice<ThreadStacks.Thread>
  private var stacks: [ThreadStack] = []
  private var bytes: [UInt8] = []
  private var request: StackRequest?
  private var timer: TimerQueue.ID?
  private var budget = ThreadStack.mostBytes

  /// - Parameter done: Called on the loop with the threads, the main thread first.
  init(
    of pid: Int32, in directory: String, on loop: EventLoop, done: @escaping ([ThreadStack]) -> Void
  ) {
    self.pid = pid
    self.directory = directory
    self.loop = loop
    self.done = done
    left = ThreadStacks.threads(of: pid, most: ThreadStack.mostThreads)[...]
  }

  func begin() {
    guard let thread = left.first else { return done(stacks) }
    if let refusal = thread.refusal { return end(because: refusal) }
    do {
      let made = try StackRequest(thread.id, of: pid, in: directory)
      let descriptor = made.descriptor
      try loop.poller.add(descriptor, for: .read) { [self] _ in read(descriptor) }
      request = consume made
      timer = loop.timers.schedule(after: Self.patience) { [self] in
        timer = nil
        end(because: "it did not answer within \(Self.patience.inShort)")
      }
      try request?.ask()
    } catch {
      end(because: "\(error)")
    }
  }

  /// Reads what has come; at its end the stack is whole.
  private func read(_ descriptor: Int32) {
    var chunk = [UInt8](repeating: 0, count: 8_192)
    while budget > 0 {
      let length = Glibc.read(descriptor, &chunk, min(chunk.count, budget))
      if length < 0, errno == EINTR { continue }
      if length < 0, errno == EAGAIN { return }
      guard length > 0 else { return end(because: bytes.isEmpty ? "it wrote nothing" : nil) }
      bytes += chunk[..<length]
      budget -= length
    }
    end(because: nil)
  }

  private func end(because reason: String?) {
    if let descriptor = request?.descriptor { loop.poller.remove(descriptor) }
    request = nil
    if let timer { loop.timers.cancel(timer) }
    timer = nil
    guard let thread = left.popFirst() else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    bytes = []
    stacks.append(
      ThreadStack(thread, frames: text.split(separator: "\n").map { String($0) }, because: reason))
    // A turn for each thread, however many refuse.
    _ = loop.timers.schedule(after: .zero) { [self] in begin() }
  }
}

extension ThreadStack {
  fileprivate init(_ thread: ThreadStacks.Thread, frames: [String], because reason: String?) {
    self.init(
      id: thread.id, name: thread.name, state: String(thread.state),
      kernelFunction: thread.kernelFunction, frames: frames, reason: reason)
  }

  /// The threads of a process as the kernel shows them, without stacks.
  static func threads(of pid: Int32) -> [Self] {
    ThreadStacks.threads(of: pid, most: mostThreads).map { Self($0, frames: [], because: nil) }
  }
}

extension NodeRuntime {
  /// Asks the threads of a process of the run for their stacks, and calls `done` on the loop.
  func inspectThreads(of pid: Int32, done: @escaping ([ThreadStack]) -> Void) {
    // Without a directory there is nowhere to make pipes.
    try? makeDirectory()
    StackInquiry(of: pid, in: directory.path, on: loop, done: done).begin()
  }
}
