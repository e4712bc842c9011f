internal import ProcessTree
internal import ProcessTreeBase

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

    /// Lets work go on by the other end, if nothing is waited for there.
    mutating func turn() {
      guard !isSettling, !isSending, !deliveries.isEmpty else { return }
      next = Batch(end: current, deliveries: deliveries)
      isSettling = true
      deliveries = []
      current = 1 - current
    }
  }

  /// How many deliveries of one end may wait to be acknowledged.
  private static var most: Int { 32 }

  private let state = Protected(State())

  // MARK: The worker's task

  /// The end by which the next envelope is sent; waits while too many are not acknowledged.
  ///
  /// What is sent until `through(_:)` belongs to it.
  func begin() async throws -> Int {
    try await state.wait { state in
      guard !state.isSettling || state.deliveries.count < Self.most else { return nil }
      state.isSending = true
      return state.current
    }
  }

  /// All that comes of a delivery has been sent.
  func through(_ delivery: Delivery<Envelope<Input>>) {
    state.withLock { state in
      state.isSending = false
      state.deliveries.append(delivery)
      state.turn()
    }
  }

  /// Waits until all deliveries have been acknowledged.
  func drain() async throws {
    try await state.wait(until: { !$0.isSettling && $0.deliveries.isEmpty })
  }

  // MARK: The settling task

  /// Waits for one end after the other and acknowledges; throws when the task is cancelled.
  func settle(by join: (Int) async throws -> Void) async throws {
    while true {
      let batch = try await state.wait { $0.next.take() }
      try await join(batch.end)
      for delivery in batch.deliveries { delivery.acknowledge() }
      state.withLock { state in
        state.isSettling = false
        state.turn()
      }
    }
  }
}
