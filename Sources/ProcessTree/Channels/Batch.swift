internal import Links

/// Elements that came together; see ``Receiver/batches``.
public struct Batch<Element: Sendable>: RandomAccessCollection, Sendable {
  /// The elements, in the order in which each sender sent them.
  public let elements: [Element]

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of elements.
  public var endIndex: Int { elements.count }

  /// The element at a position.
  public subscript(position: Int) -> Element { elements[position] }
}

extension Receiver {
  /// The elements in batches of what has come, acknowledged when the next batch is asked for.
  ///
  /// A batch has at least one element and at most 1,024. It never waits for company.
  public var batches: ReceivedBatches<Element> { ReceivedBatches(end: end) }
}

/// The elements of a channel in batches.
public struct ReceivedBatches<Item: Codable & Sendable>: AsyncSequence, Sendable {
  let end: ReceiverEnd

  /// Takes batches one after the other.
  public struct Iterator: AsyncIteratorProtocol {
    let end: ReceiverEnd
    let decoder: ElementDecoder<Item>
    var last: [ReceiverCore.Delivery] = []
    /// What was wrong with an item of the last batch, for the next call.
    var failure: (any Error)?

    /// The next batch; nil at the end of the channel.
    ///
    /// Throws what the receiver's own iterator throws; for an item that cannot be decoded, after the
    /// others of its batch.
    public mutating func next() async throws -> Batch<Item>? {
      if let failure {
        self.failure = nil
        throw failure
      }
      var items: [Item] = []
      if let first = end.popBytes() {
        add(to: &items) { try $0.decode(inFrame: first) }
      } else {
        let previous = last
        last = []
        let taken = try await end.nextBatch(after: previous)
        guard !taken.isEmpty else { return nil }
        if end.isLeased { last = taken }
        for delivery in taken { add(to: &items) { try $0.decode(delivery) } }
      }
      while items.count < ReceiverEnd.largestBatch, let bytes = end.popBytes() {
        add(to: &items) { try $0.decode(inFrame: bytes) }
      }
      if items.isEmpty, let failure {
        self.failure = nil
        throw failure
      }
      return Batch(elements: items)
    }

    private mutating func add(
      to items: inout [Item], _ decode: (ElementDecoder<Item>) throws -> Item
    ) {
      do {
        items.append(try decode(decoder))
      } catch {
        failure = failure ?? error
      }
    }
  }

  /// Starts receiving.
  public func makeAsyncIterator() -> Iterator {
    Iterator(end: end, decoder: ElementDecoder(end.context))
  }
}

extension ReceiverEnd {
  /// Elements in a batch, at most.
  static let largestBatch = 1_024

  /// What has come, at least one item; empty at the end.
  ///
  /// Of a channel without leases, one item.
  func nextBatch(after previous: [ReceiverCore.Delivery]) async throws -> [ReceiverCore.Delivery] {
    try use()
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) {
        try await nextBatchOnLoop(after: previous)
      }
    }
    return try await nextBatchOnLoop(after: previous)
  }

  private func nextBatchOnLoop(
    after previous: [ReceiverCore.Delivery]
  ) async throws -> [ReceiverCore.Delivery] {
    let core = core.value
    for delivery in previous { core.acknowledge(delivery) }
    guard let first = try await next(after: nil) else { return [] }
    var batch = [first]
    // One that has been delivered before may be what killed its consumer: it comes alone, so that it
    // is known if it does so again.
    while isLeased, first.attempt == 1, batch.count < Self.largestBatch, !core.nextIsRedelivered,
      let delivery = core.take()
    {
      batch.append(delivery)
    }
    return batch
  }
}
