internal import ProcessTreeLinks
internal import ProcessTreeWire

/// An element of a work channel, and what is known of its way here.
public struct Delivery<Element: Sendable>: Sendable {
  /// The element.
  public let element: Element
  /// 1 the first time that the element is delivered, one more each further time.
  public let attempt: Int
  /// Names the element among all of a work channel, the same at each of its deliveries: whoever records
  /// what comes of elements recognizes by it what is recorded already.
  ///
  /// Nil on other channels, where nothing is delivered twice and elements have no names.
  public let id: DeliveryID?
  private let end: ReceiverEnd
  /// Nil where nothing is acknowledged.
  private let item: ReceiverCore.Delivery?

  /// An element of a channel without leases.
  init(_ element: Element, at end: ReceiverEnd) {
    self.element = element
    attempt = 1
    id = nil
    self.end = end
    item = nil
  }

  init(_ element: Element, _ item: ReceiverCore.Delivery, at end: ReceiverEnd) {
    self.element = element
    attempt = Int(item.attempt)
    id = DeliveryID(
      sender: "\(item.sender.node)#\(item.sender.number)", number: Int(clamping: item.number))
    self.end = end
    self.item = item
  }

  /// Says that the element has been processed: it will not be delivered again.
  ///
  /// Does nothing the second time, and on channels that are not leased. An element that is never
  /// acknowledged goes to another receiver when this one is closed or its node ends.
  public func acknowledge() {
    guard let item else { return }
    end.core.perform { $0.acknowledge(item) }
  }
}

/// Names an element of a work channel.
public struct DeliveryID: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The sender's end; unique in a run.
  public let sender: String
  /// The element's number among those of its sender, from 1 on.
  public let number: Int

  /// The sender and the number.
  public var description: String { "\(sender):\(number)" }
}

extension Receiver {
  /// The elements with their deliveries, which the program acknowledges itself.
  public var deliveries: ReceivedDeliveries<Element> { ReceivedDeliveries(decoded: decoded) }
}

/// The elements of a channel with their deliveries.
public struct ReceivedDeliveries<Item: Codable & Sendable>: AsyncSequence, Sendable {
  let decoded: DecodedElements<Item>

  /// Takes deliveries one after the other.
  public struct Iterator: AsyncIteratorProtocol {
    let decoded: DecodedElements<Item>

    /// The next delivery; nil at the end of the channel.
    ///
    /// Throws what the receiver's own iterator throws; an item that cannot be decoded is acknowledged.
    public mutating func next() async throws -> Delivery<Item>? {
      let end = decoded.end
      guard end.isLeased else { return try await decoded.next().map { Delivery($0, at: end) } }
      guard let item = try await end.next(after: nil) else { return nil }
      do {
        return Delivery(try decoded.decode(item), item, at: end)
      } catch {
        end.core.perform { $0.acknowledge(item) }
        throw error
      }
    }
  }

  /// Starts receiving.
  public func makeAsyncIterator() -> Iterator {
    Iterator(decoded: decoded)
  }
}
