internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The standard output of one command, read when somebody asks for it and not before.
///
/// So a consumer that does not read stops the command, once the pipe is full. Belongs to the loop.
final class CommandOutputReader {
  private var bytesPerRead = 64 << 10
  /// A read can be worth many thousand lines.
  private static let readsPerTurn = 4

  /// The reading end, until it is closed.
  private var pipe: WatchedDescriptor?
  private var buffer = CommandOutputBuffer()
  private var isBusy = false
  /// The command is over: what still holds the pipe is no part of it, and an empty pipe is the end.
  private var commandHasEnded = false
  private let changed = Condition()
  private let budget: LoopBudget

  /// Takes the reading end over.
  init(_ descriptor: consuming Descriptor, on loop: EventLoop) throws(ProcessControlError) {
    try Descriptors.setNonBlocking(descriptor.number)
    pipe = WatchedDescriptor(descriptor, on: loop)
    budget = LoopBudget(of: Self.readsPerTurn, on: loop)
  }

  /// Gives the pipe room for more, and reads more at a time.
  func widen(to byteCount: Int) {
    guard let number = pipe?.number else { return }
    Descriptors.widen(number, to: byteCount)
    bytesPerRead = byteCount
  }

  /// The next item if it was read before; nil shows nothing.
  func takeBuffered(_ unit: CommandOutputBuffer.Unit) -> [UInt8]? {
    guard !isBusy else { return nil }
    return try? buffer.take(unit, atEnd: false)
  }

  /// The next item; nil at the end.
  ///
  /// - Throws: The errors of `CommandOutputBuffer.take`, `alreadyReading` and `CancellationError`.
  func next(_ unit: CommandOutputBuffer.Unit) async throws -> [UInt8]? {
    guard !isBusy else {
      throw CommandError(
        .alreadyReading, "Another task is reading the command's output: one may at a time.")
    }
    isBusy = true
    defer { isBusy = false }
    while true {
      try Task.checkCancellation()
      if let item = try buffer.take(unit, atEnd: pipe == nil) { return item }
      guard let number = pipe?.number else { return nil }
      if try readOnce(number) {
        await budget.spend()
      } else {
        try watch()
        await changed.wait()
        budget.renew()
      }
    }
  }

  /// Lets the task that waits look again.
  private func wake() { changed.wakeAll() }

  /// Nothing of the command is left, so that an empty pipe stays empty.
  func noteEnd() {
    commandHasEnded = true
    wake()
  }

  /// Closes the pipe: the end, for a task that still reads.
  func close() {
    guard pipe != nil else { return }
    pipe = nil
    wake()
  }

  /// False when nothing is there at present.
  private func readOnce(_ number: Int32) throws -> Bool {
    var isThere = true
    try buffer.fill(bytesPerRead) { space in
      switch try Descriptors.read(number, into: space) {
      case .bytes(let count): return count
      case .end: close()
      case .wouldBlock:
        isThere = commandHasEnded
        if commandHasEnded { close() }
      }
      return 0
    }
    return isThere
  }

  /// Watches for as long as somebody waits: a pipe whose writer has gone is always ready.
  private func watch() throws(LoopError) {
    try pipe?.watchOnce(for: .read) { [unowned self] in wake() }
  }
}
