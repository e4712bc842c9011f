internal import Synchronization

/// Counters of a worker that does several things at a time.
final class SharedCounters: Sendable {
  private let state = Mutex(WorkerCounters())

  var now: WorkerCounters { state.withLock { $0 } }

  func update<Value: Sendable>(_ change: (inout WorkerCounters) -> sending Value) -> Value {
    state.withLock { change(&$0) }
  }
}
