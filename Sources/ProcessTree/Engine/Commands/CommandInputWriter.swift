internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The standard input of one command, written as fast as the command reads.
///
/// Belongs to the loop.
final class CommandInputWriter {
  /// A write may be of a few bytes.
  private static let writesPerTurn = 64

  private let loop: EventLoop
  /// The writing end of the pipe, -1 once closed.
  private var descriptor: Int32
  private var isWatched = false
  /// A task is writing; others wait, so that what they send stays in one piece.
  private var isBusy = false
  private var isFinishing = false
  private let changed = Condition()
  private let budget: LoopBudget

  /// Takes the writing end over.
  init(_ descriptor: Int32, on loop: EventLoop) throws(ProcessControlError) {
    try Descriptors.setNonBlocking(descriptor)
    self.descriptor = descriptor
    self.loop = loop
    budget = LoopBudget(of: Self.writesPerTurn, on: loop)
  }

  /// Writes all bytes; returns once the last is in the pipe.
  ///
  /// Throws `inputClosed`, and `CancellationError`: then a part may have been written.
  func send(_ bytes: [UInt8]) async throws {
    guard !isFinishing else {
      throw CommandError(.inputClosed, "The command's standard input has been finished.")
    }
    while isBusy {
      try Task.checkCancellation()
      await changed.wait()
    }
    isBusy = true
    defer {
      isBusy = false
      if isFinishing { close() }
      wake()
    }
    var offset = 0
    while offset < bytes.count {
      try Task.checkCancellation()
      let count = try bytes.withUnsafeBytes {
        try writeOnce(UnsafeRawBufferPointer(rebasing: $0[offset...]))
      }
      offset += count
      if count > 0 {
        await budget.spend()
      } else {
        try watch()
        await changed.wait()
        budget.renew()
      }
    }
  }

  /// Closes the pipe once what is being sent has been written.
  func finish() {
    isFinishing = true
    if !isBusy { close() }
  }

  /// Lets the tasks that wait look again.
  private func wake() { changed.wakeAll() }

  /// Closes the pipe at once.
  func close() {
    isFinishing = true
    guard descriptor >= 0 else { return }
    unwatch()
    Descriptors.close(descriptor)
    descriptor = -1
    wake()
  }

  private func writeOnce(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    guard descriptor >= 0 else { throw Self.closed }
    do {
      return try Descriptors.writeQuietly(descriptor, bytes)
    } catch let error where error.errno == EPIPE {
      close()
      throw Self.closed
    }
  }

  private static var closed: CommandError {
    CommandError(.inputClosed, "The command does not read its standard input any more.")
  }

  private func watch() throws(LoopError) {
    guard !isWatched else { return }
    try loop.poller.add(descriptor, for: .write) { [unowned self] _ in
      unwatch()
      wake()
    }
    isWatched = true
  }

  private func unwatch() {
    guard isWatched else { return }
    isWatched = false
    loop.poller.remove(descriptor)
  }
}
