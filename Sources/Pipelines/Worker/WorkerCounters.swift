internal import ProcessTreeBase

/// The work of one worker so far, which it reports along the way and at its end.
struct WorkerCounters: Hashable, Sendable, Codable {
  /// Items that it received, and items that it has processed.
  var taken: UInt64 = 0
  var processed: UInt64 = 0
  /// Items that it has processed of its first envelope, while it is at that.
  var begun: UInt64 = 0
  /// Items that it made.
  var emitted: UInt64 = 0
  /// Envelopes that it sent in streams of its own.
  var flowEnvelopes: UInt64 = 0
  var finishEnvelopes: UInt64 = 0
  /// Nanoseconds: at work, without input, and with output that had no room.
  var busy: UInt64 = 0
  var waiting: UInt64 = 0
  var blocked: UInt64 = 0
  /// Whether it was asked to drain, and leaves what is left to a successor.
  var isLeaving = false

  static func += (left: inout Self, right: Self) {
    left.taken = left.taken.saturatingAdding(right.taken)
    left.processed = left.processed.saturatingAdding(right.processed)
    left.emitted = left.emitted.saturatingAdding(right.emitted)
    left.flowEnvelopes = left.flowEnvelopes.saturatingAdding(right.flowEnvelopes)
    left.finishEnvelopes = left.finishEnvelopes.saturatingAdding(right.finishEnvelopes)
    left.busy = left.busy.saturatingAdding(right.busy)
    left.waiting = left.waiting.saturatingAdding(right.waiting)
    left.blocked = left.blocked.saturatingAdding(right.blocked)
  }
}

/// Counters of a worker that does several things at a time.
final class SharedCounters: Sendable {
  private let state = Lock(WorkerCounters())

  var now: WorkerCounters { state.withLock { $0 } }

  func update<Value: Sendable>(_ change: (inout WorkerCounters) -> sending Value) -> Value {
    state.withLock { change(&$0) }
  }
}
