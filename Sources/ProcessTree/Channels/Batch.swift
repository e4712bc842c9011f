internal import ProcessTreeLinks

/// Elements that arrived together; see ``Receiver/batches``.
public struct Batch<Element: Sendable>: RandomAccessCollection, Sendable {
  /// The elements, in the order in which each sender sent them.
  public let elements: [Element]

  /// Makes a batch, for tests of code that takes one.
  public init(_ elements: [Element]) { self.elements = elements }

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of elements.
  public var endIndex: Int { elements.count }

  /// The element at a position.
  public subscript(position: Int) -> Element { elements[position] }
}

extension Receiver {
  /// The elements in batches, each acknowledged when the next batch is requested.
  ///
  /// A batch has the elements that have arrived, from 1 to 1,024; it does not wait for more.
  public var batches: ReceivedBatches<Element> { ReceivedBatches(decoded: decoded) }
}

/// The elements of a channel in batches.
public struct ReceivedBatches<Item: Codable & Sendable>: AsyncSequence, Sendable {
  let decoded: DecodedElements<Item>

  /// The batches, one after another.
  public struct Iterator: AsyncIteratorProtocol {
    let decoded: DecodedElements<Item>
    private var last: [ReceiverCore.Delivery] = []
    /// The error of an item of the last batch, which the next call throws.
    private var failure: (any Error)?

    init(_ decoded: DecodedElements<Item>) {
      self.decoded = decoded
    }

    /// Waits for the next batch.
    ///
    /// - Returns: The batch; `nil` at the end of the channel.
    /// - Throws: The errors of the receiver's own iterator; for an item that cannot be decoded,
    ///   after the other elements of its batch.
    public mutating func next() async throws -> Batch<Item>? {
      let elements =
        decoded.end.isLeased ? try await nextLeased() : try await decoded.nextBatch()
      return elements.isEmpty ? nil : Batch(elements)
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

  /// Begins to receive.
  public func makeAsyncIterator() -> Iterator { Iterator(decoded) }
}

extension ReceiverEnd {
  static let largestBatch = 1_024

  /// Receives all items of a leased channel that have arrived, at least one; none at the end.
  fileprivate func nextBatch(
    after previous: [ReceiverCore.Delivery]
  ) async throws -> [ReceiverCore.Delivery] {
    try await onLoop { core in
      for delivery in previous { core.acknowledge(delivery) }
      guard let first = try await self.next(after: nil) else { return [] }
      var batch = [first]
      // A redelivered item may have killed its consumer. It comes alone, so that it is to blame if
      // it kills another.
      while first.attempt == 1, batch.count < Self.largestBatch, !core.nextIsRedelivered,
        let delivery = core.take()
      {
        batch.append(delivery)
      }
      return batch
    }
  }
}
