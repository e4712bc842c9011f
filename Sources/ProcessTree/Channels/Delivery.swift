package import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire

/// An element of a channel with its attempt and its identity.
public struct Delivery<Element: Sendable>: Sendable {
  /// The element.
  public let element: Element
  /// The number of this delivery of the element, from 1 on.
  public let attempt: Int
  /// The element's identity on its work channel, the same for each of its deliveries; `nil` on
  /// other channels.
  ///
  /// A program that records the identity with each result can recognise results that it has already
  /// recorded.
  public let id: DeliveryID?
  /// The offsets that consumers of this element had noted with ``note(elementOffset:)`` when they
  /// died, the first death first; at most the latest 4,096.
  ///
  /// A consumer that died without a note has no offset here.
  public let suspects: [Int]
  /// The leased item and the end that has it; `nil` on channels without leases.
  private let lease: (item: ReceiverCore.Delivery, end: ReceiverEnd)?

  /// Makes a delivery that nobody waits for, for tests of code that takes one.
  public init(_ element: Element, attempt: Int = 1, id: DeliveryID? = nil, suspects: [Int] = []) {
    self.element = element
    self.attempt = attempt
    self.id = id
    self.suspects = suspects
    lease = nil
  }

  init(_ element: Element, _ item: ReceiverCore.Delivery, at end: ReceiverEnd) {
    self.element = element
    attempt = Int(item.attempt)
    id = DeliveryID(
      sender: "\(item.sender.node)#\(item.sender.number)", number: Int(clamping: item.number))
    suspects = item.suspects.map { Int($0.elementOffset) }
    lease = (item, end)
  }

  /// Notes the part of the element on which the program works, for the time after a sudden death.
  ///
  /// For elements that are batches: the offset of the part that kills its consumer reaches the next
  /// consumer in ``suspects``, and the sender in ``ConsumerDeath/elementOffset``. Costs one store,
  /// and is callable from any thread. Has no effect on channels that are not leased, nor after the
  /// receiver has received another element. Offsets above 4,294,967,295 are noted as that.
  public func note(elementOffset: Int) {
    notes?.note(UInt32(clamping: elementOffset))
  }

  /// The place of the notes, for code that notes elements in a loop.
  package var notes: ElementNotes? { lease?.item.notes }

  /// For each of the ``suspects`` the position of the consumer that died, among its siblings.
  package var consumersOfSuspects: [Int] { lease?.item.suspects.map { Int($0.consumer) } ?? [] }

  /// Acknowledges the element: it has been processed, and will not be delivered again.
  ///
  /// Callable from any thread. Does nothing the second time, and on channels without leases. An
  /// element that is never acknowledged goes to another receiver when this one is closed or its
  /// node ends.
  public func acknowledge() {
    guard let (item, end) = lease else { return }
    end.core.perform { $0.acknowledge(item) }
  }
}

/// The identity of an element of a work channel.
public struct DeliveryID: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The sender; unique in a run.
  public let sender: String
  /// The number of the element among those of its sender, from 1 on.
  public let number: Int

  /// Makes an identity, for tests of code that takes one.
  public init(sender: String, number: Int) {
    self.sender = sender
    self.number = number
  }

  /// The sender and the number.
  public var description: String { "\(sender):\(number)" }
}

extension Receiver {
  /// The elements as deliveries, which the program acknowledges itself.
  public var deliveries: ReceivedDeliveries<Element> { ReceivedDeliveries(decoded: decoded) }
}

/// The elements of a channel as deliveries.
public struct ReceivedDeliveries<Item: Codable & Sendable>: AsyncSequence, Sendable {
  let decoded: DecodedElements<Item>

  /// The deliveries, one after another.
  public struct Iterator: AsyncIteratorProtocol {
    let decoded: DecodedElements<Item>

    /// Waits for the next delivery.
    ///
    /// - Returns: The delivery; `nil` at the end of the channel.
    /// - Throws: The errors of the receiver's own iterator; an item that cannot be decoded is
    ///   acknowledged.
    public mutating func next() async throws -> Delivery<Item>? {
      let end = decoded.end
      guard end.isLeased else { return try await decoded.next().map { Delivery($0) } }
      return try await end.next(after: nil).map(decoded.delivery)
    }
  }

  /// Begins to receive.
  public func makeAsyncIterator() -> Iterator {
    Iterator(decoded: decoded)
  }
}
