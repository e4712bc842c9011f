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

  /// The writing end, until it is closed.
  private var pipe: WatchedDescriptor?
  /// A task is writing; others wait, so that what they send stays in one piece.
  private var isBusy = false
  private var isFinishing = false
  private let changed = Condition()
  private let budget: LoopBudget

  /// Takes the writing end over.
  init(_ descriptor: consuming Descriptor, on loop: EventLoop) throws(ProcessControlError) {
    try Descriptors.setNonBlocking(descriptor.number)
    pipe = WatchedDescriptor(descriptor, on: loop)
    budget = LoopBudget(of: Self.writesPerTurn, on: loop)
  }

  /// Writes all bytes; returns once the last is in the pipe.
  ///
  /// - Throws: `inputClosed`, and `CancellationError`: then a part may have been written.
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

  /// Gives the pipe room for more.
  func widen(to byteCount: Int) {
    if let number = pipe?.number { Descriptors.widen(number, to: byteCount) }
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
    guard pipe != nil else { return }
    pipe = nil
    wake()
  }

  private func writeOnce(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    guard let number = pipe?.number else { throw Self.closed }
    do {
      return try Descriptors.writeQuietly(number, bytes)
    } catch let error where error.errno == EPIPE {
      close()
      throw Self.closed
    }
  }

  private static var closed: CommandError {
    CommandError(.inputClosed, "The command does not read its standard input any more.")
  }

  private func watch() throws(LoopError) {
    try pipe?.watchOnce(for: .write) { [unowned self] in wake() }
  }
}
