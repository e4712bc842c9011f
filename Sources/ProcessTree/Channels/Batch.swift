internal import ProcessTreeLinks

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
  public var batches: ReceivedBatches<Element> { ReceivedBatches(decoded: decoded) }
}

/// The elements of a channel in batches.
public struct ReceivedBatches<Item: Codable & Sendable>: AsyncSequence, Sendable {
  let decoded: DecodedElements<Item>

  /// Takes batches one after the other.
  public struct Iterator: AsyncIteratorProtocol {
    let decoded: DecodedElements<Item>
    private var last: [ReceiverCore.Delivery] = []
    /// What was wrong with an item of the last batch, for the next call.
    private var failure: (any Error)?

    init(_ decoded: DecodedElements<Item>) {
      self.decoded = decoded
    }

    /// The next batch; nil at the end of the channel.
    ///
    /// Throws what the receiver's own iterator throws; for an item that cannot be decoded, after the
    /// others of its batch.
    public mutating func next() async throws -> Batch<Item>? {
      let elements =
        decoded.end.isLeased ? try await nextLeased() : try await decoded.nextBatch()
      return elements.isEmpty ? nil : Batch(elements: elements)
    }

    private mutating func nextLeased() async throws -> [Item] {
      if let failure {
        self.failure = nil
        throw failure
      }
      let previous = last
      last = []
      last = try await decoded.end.nextBatch(after: previous)
      var items: [Item] = []
      for delivery in last {
        do {
          items.append(try decoded.decode(delivery))
        } catch {
          failure = failure ?? error
        }
      }
      if items.isEmpty, let failure {
        self.failure = nil
        throw failure
      }
      return items
    }
  }

  /// Starts receiving.
  public func makeAsyncIterator() -> Iterator { Iterator(decoded) }
}

extension ReceiverEnd {
  /// Elements in a batch, at most.
  static let largestBatch = 1_024

  /// What has come of a leased channel, at least one item; empty at the end.
  fileprivate func nextBatch(
    after previous: [ReceiverCore.Delivery]
  ) async throws -> [ReceiverCore.Delivery] {
    try await onLoop { core in
      for delivery in previous { core.acknowledge(delivery) }
      guard let first = try await self.next(after: nil) else { return [] }
      var batch = [first]
      // One that has been delivered before may be what killed its consumer: it comes alone, so that it
      // is known if it does so again.
      while first.attempt == 1, batch.count < Self.largestBatch, !core.nextIsRedelivered,
        let delivery = core.take()
      {
        batch.append(delivery)
      }
      return batch
    }
  }
}
