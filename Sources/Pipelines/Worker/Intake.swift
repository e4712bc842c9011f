internal import ProcessTree

/// The envelopes of a worker with state: each once, and in the order of the source if that was
/// asked for.
struct Intake<Item: Codable & Sendable> {
  private let isOrdered: Bool
  private let share: UInt64
  private var deliveries: ReceivedDeliveries<Envelope<Item>>.Iterator
  private var taken = TakenEnvelopes()
  private var restorer = StreamRestorer<Envelope<Item>>()
  private var last: Delivery<Envelope<Item>>?
  /// The envelopes that come after all others, once nothing more arrives.
  private var rest: [Envelope<Item>]?

  init(_ inlet: Receiver<Envelope<Item>>, at place: WorkerPlace) {
    isOrdered = place.isOrdered
    share = UInt64(max(1, place.share))
    deliveries = inlet.deliveries.makeAsyncIterator()
  }

  /// The next envelope; nil at the end.
  ///
  /// Acknowledges the one before.
  mutating func next() async throws -> Envelope<Item>? {
    if let last, let next = restorer.takeNext(of: last.element.id.stream) { return next }
    while rest == nil {
      last?.acknowledge()
      last = nil
      guard let delivery = try await deliveries.nextUnlessTooLate() else { break }
      last = delivery
      let id = delivery.element.id
      // The numbers that it gets of a stream are `share` apart: divided they have no gaps.
      guard taken.insert(EnvelopeID(stream: id.stream, number: id.number / share)) else { continue }
      guard isOrdered else { return delivery.element }
      // An envelope that waits for its turn must not hold back those before it.
      delivery.acknowledge()
      restorer.insert(delivery.element, at: id)
      if let next = restorer.takeNext(of: id.stream) { return next }
    }
    if rest == nil { rest = restorer.takeRest().reversed() }
    return rest?.popLast()
  }
}

extension Receiver {
  /// Lets a worker with state receive all, although its node is asked to drain; false if it was
  /// asked before, and should leave all to a successor.
  func isKept(in node: Node) async throws -> Bool {
    try await goOnInADrain()
    return !node.isDraining
  }
}

extension ReceivedDeliveries.Iterator {
  /// The next delivery; nil at the end, also for a worker whose predecessor had taken the last.
  mutating func nextUnlessTooLate() async throws -> Delivery<Item>? {
    do {
      return try await next()
    } catch let error as ProcessTreeError where error.code == .channelEnded {
      return nil
    }
  }
}
