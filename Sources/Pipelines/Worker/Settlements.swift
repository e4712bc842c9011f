internal import ProcessTree
internal import Synchronization

/// Acknowledges what a worker has taken once everything that came of it has been taken for good.
///
/// A worker that is killed has acknowledged nothing that could be lost with it. There are two ends to
/// send by: while all that went by one is waited for, work goes on by the other.
final class Settlements<Input: Codable & Sendable>: Sendable {
  /// What was sent by one end.
  private struct Batch {
    let end: Int
    let deliveries: [Delivery<Envelope<Input>>]
  }

  private struct State {
    /// The end to send by.
    var current = 0
    /// The deliveries that are through by this end.
    var deliveries: [Delivery<Envelope<Input>>] = []
    /// What went by the other end and is waited for; not begun while `next` is set.
    var isSettling = false
    var next: Batch?
    /// Whether an envelope is being sent.
    var isSending = false
    /// The worker's task, when it may not go on.
    var worker: UnsafeContinuation<Void, Never>?
    /// The settling task, when there is nothing to do.
    var settler: UnsafeContinuation<Void, Never>?

    /// Lets work go on by the other end, if nothing is waited for there; who is to be woken.
    mutating func turn() -> UnsafeContinuation<Void, Never>? {
      guard !isSettling, !isSending, !deliveries.isEmpty else { return nil }
      next = Batch(end: current, deliveries: deliveries)
      isSettling = true
      deliveries = []
      current = 1 - current
      return settler.take()
    }
  }

  /// How many deliveries of one end may wait to be acknowledged.
  private static var most: Int { 32 }

  private let state = Mutex(State())

  // MARK: The worker's task

  /// The end by which the next envelope is sent; waits while too many are not acknowledged.
  ///
  /// What is sent until `through(_:)` belongs to it.
  func begin() async throws -> Int {
    await wait(in: \.worker) { $0.isSettling && $0.deliveries.count >= Self.most }
    try Task.checkCancellation()
    return state.withLock { state in
      state.isSending = true
      return state.current
    }
  }

  /// All that comes of a delivery has been sent.
  func through(_ delivery: Delivery<Envelope<Input>>) {
    state.withLock { state in
      state.isSending = false
      state.deliveries.append(delivery)
      return state.turn()
    }?.resume()
  }

  /// Waits until all deliveries have been acknowledged.
  func drain() async throws {
    while state.withLock({ $0.isSettling || !$0.deliveries.isEmpty }) {
      await wait(in: \.worker) { $0.isSettling || !$0.deliveries.isEmpty }
      try Task.checkCancellation()
    }
  }

  // MARK: The settling task

  /// Waits for one end after the other and acknowledges; throws when the task is cancelled.
  func settle(by join: (Int) async throws -> Void) async throws {
    while true {
      await wait(in: \.settler) { $0.next == nil }
      try Task.checkCancellation()
      guard let batch = state.withLock({ $0.next.take() }) else { continue }
      try await join(batch.end)
      for delivery in batch.deliveries { delivery.acknowledge() }
      let worker = state.withLock { state in
        state.isSettling = false
        _ = state.turn()
        return state.worker.take()
      }
      worker?.resume()
    }
  }

  private func wait(
    in place: any WritableKeyPath<State, UnsafeContinuation<Void, Never>?> & Sendable,
    while mustWait: @Sendable (borrowing State) -> Bool
  ) async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isWaiting = state.withLock { state in
          guard mustWait(state), !Task.isCancelled else { return false }
          state[keyPath: place] = continuation
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0[keyPath: place].take() }?.resume()
    }
  }
}
