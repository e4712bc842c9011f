package import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The standard output of one command, read when somebody asks for it and not before.
///
/// So a consumer that does not read stops the command, once the pipe is full. Belongs to the loop.
final class CommandOutputReader {
  /// The form of one item, which may change from one to the next.
  struct Unit: Sendable {
    let framing: RecordFraming
    let limit: Int

    /// Whatever is there.
    static let chunk = Self(framing: .bytes, limit: .max)

    /// To the next line feed, which is not part of it.
    static func line(limit: Int) -> Self { Self(framing: .lines, limit: limit) }

    /// Four bytes of length, little-endian, then as many bytes, which are the item.
    static func frame(limit: Int) -> Self { Self(framing: .length, limit: limit) }
  }

  private var bytesPerRead = 64 << 10
  /// A read can be worth many thousand lines.
  private static let readsPerTurn = 4

  /// The reading end, until it is closed.
  private var pipe: WatchedDescriptor?
  private var splitter = RecordSplitter()
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
  func takeBuffered(_ unit: Unit) -> [UInt8]? {
    guard !isBusy else { return nil }
    return try? splitter.next(unit.framing, limit: unit.limit)
  }

  /// The next item; nil at the end.
  ///
  /// - Throws: `lineTooLong`, `frameTooLong`, `incompleteFrame`, `alreadyReading` and
  ///   `CancellationError`.
  func next(_ unit: Unit) async throws -> [UInt8]? {
    guard !isBusy else {
      throw CommandError(
        .alreadyReading, "Another task is reading the command's output: one may at a time.")
    }
    isBusy = true
    defer { isBusy = false }
    while true {
      try Task.checkCancellation()
      do throws(RecordFailure) {
        if let item = try splitter.next(unit.framing, limit: unit.limit, atEnd: pipe == nil) {
          return item
        }
      } catch {
        throw CommandError(error, of: unit.framing)
      }
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
    try splitter.fill(bytesPerRead) { space in
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

extension CommandError {
  /// The error of output that cannot be divided into items.
  package init(_ failure: RecordFailure, of framing: RecordFraming) {
    self =
      switch failure {
      case .tooLong(let length?, let limit):
        Self(
          .frameTooLong,
          "A frame of the output has \(length) bytes, more than the \(limit) that are allowed.")
      case .tooLong(nil, let limit):
        Self(
          .lineTooLong,
          "A \(framing == .lines ? "line" : "record") of the output is longer than the \(limit) bytes "
            + "that are allowed.")
      case .incomplete(let count, let length):
        Self(.incompleteFrame, "The output ended after \(count) of \(length) bytes of a frame.")
      case .incompleteLength(let count):
        Self(
          .incompleteFrame,
          "The output ended after \(count) of \(RecordFraming.prefix) bytes of a frame's length.")
      }
  }
}
