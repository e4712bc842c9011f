internal import DequeModule

/// The bookkeeping of a child group as a value: events in, actions out.
struct GroupState<Output: Sendable> {
  /// How a child of the group ended.
  enum Ending {
    case result(Output)
    case failure(any Error)
    /// The group had it stopped; that is no failure of its own.
    case stopped
  }

  private let limit: Int
  private var alive = 0
  private var spawned = 0
  /// Results in the order in which they came, with the child's number in the order of spawning.
  private var ready: Deque<(number: Int, output: Output)> = []
  private(set) var failures: [any Error] = []
  private(set) var isCancelled = false
  private(set) var isClosed = false

  init(limit: Int) {
    self.limit = limit
  }

  var hasSlot: Bool { alive < limit }

  var isIdle: Bool { alive == 0 }

  /// Why no child may be added now; nil when one may.
  var refusal: (any Error)? {
    if let failure = failures.first { return failure }
    if isCancelled { return CancellationError() }
    guard isClosed else { return nil }
    return ProcessTreeError(
      .scopeEnded, "The scope of this group has ended: start the child inside of it.")
  }

  /// Takes a slot; the number of the child in the order of spawning.
  mutating func takeSlot() -> Int {
    defer { spawned += 1 }
    alive += 1
    return spawned
  }

  /// Gives a slot back that no child was started in.
  mutating func returnSlot() { alive -= 1 }

  /// A child has been reaped.
  ///
  /// True when the others have to be stopped because of it.
  mutating func ended(_ number: Int, _ ending: Ending) -> Bool {
    alive -= 1
    switch ending {
    case .result(let output): ready.append((number, output))
    case .stopped: break
    case .failure(let error):
      failures.append(error)
      return cancel()
    }
    return false
  }

  /// Cancels the group; false when it was cancelled before.
  mutating func cancel() -> Bool {
    guard !isCancelled else { return false }
    isCancelled = true
    return true
  }

  mutating func close() { isClosed = true }

  /// What a waiting `next` gets now; nil when it has to wait on.
  mutating func next() -> Result<(number: Int, output: Output)?, any Error>? {
    if let failure = failures.first { return .failure(failure) }
    if let result = ready.popFirst() { return .success(result) }
    return alive == 0 ? .success(nil) : nil
  }
}
