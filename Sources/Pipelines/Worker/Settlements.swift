internal import ProcessTree
internal import ProcessTreeBase

/// Acknowledges the envelopes of a worker once the stages behind have acknowledged all outputs for
/// them.
///
/// A worker that is killed has acknowledged nothing that could be lost with it. A worker
/// sends by two ends: while the outputs of one are not acknowledged, it goes on with the other.
final class Settlements<Input: Codable & Sendable>: Sendable {
  /// The envelopes whose outputs went by one end.
  private struct Batch {
    let end: Int
    let deliveries: [Delivery<Envelope<Input>>]
  }

  private struct State {
    /// The end to send by.
    var current = 0
    /// The deliveries that are through by this end.
    var deliveries: [Delivery<Envelope<Input>>] = []
    /// Whether outputs of the other end are not acknowledged; nobody waits for them yet while
    /// `next` is set.
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
  /// All outputs that are sent until `through(_:)` belong to it.
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
