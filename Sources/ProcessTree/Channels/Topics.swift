internal import ProcessTreeLinks
internal import ProcessTreeWire

/// An element with the topic under which a sender publishes it.
///
/// On the wire it is an array of the topic and the element.
public struct Publication<Element: Codable & Sendable>: Codable, Sendable {
  /// The topic, which is any text.
  ///
  /// Topics are matched by their beginnings, so general words come first, as in `prices/metals/gold`.
  public let topic: String
  /// The element.
  public let element: Element

  /// Makes a publication.
  public init(_ element: Element, on topic: String) {
    self.topic = topic
    self.element = element
  }

  /// Reads the topic and the element.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    topic = try container.decode(String.self)
    element = try container.decode(Element.self)
  }

  /// Writes the topic and the element.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(topic)
    try container.encode(element)
  }
}

extension Publication: Equatable where Element: Equatable {}
extension Publication: Hashable where Element: Hashable {}

extension Node {
  /// Makes a broadcast whose elements have topics: each goes to every receiver that has subscribed to its topic.
  ///
  /// ```swift
  /// let (publisher, subscriber) = root.makeTopics(of: Double.self)
  /// try await publisher.publish(1_871.5, on: "prices/metals/gold")
  /// ```
  ///
  /// A receiver names its topics by ``Receiver/subscribe(to:)``. Until it has, what senders publish waits for it, as it
  /// waits for a subscriber that is slow. Elements of other topics are not sent to it. Otherwise the channel is one of
  /// ``makeBroadcast(of:overflow:)``. The source of the idea is ZeroMQ's PUB and SUB.
  ///
  /// - Parameters:
  ///   - element: The type of the elements.
  ///   - overflow: Whether a slow subscriber blocks the senders, or misses elements of its topics, which
  ///     ``Receiver/missed`` counts.
  /// - Returns: A sender and a receiver, which can be sent to any number of nodes.
  public func makeTopics<Element: Codable & Sendable>(
    of element: Element.Type, overflow: OverflowPolicy = .suspend
  ) -> (publisher: Sender<Publication<Element>>, subscriber: Receiver<Publication<Element>>) {
    let (sender, receiver) = makeEnds(
      .init(
        kind: .topics, overflow: overflow.wire,
        prefetch: ChannelSpecification.unlimitedPrefetch, attempts: 1))
    return (Sender(sender), Receiver(receiver))
  }
}

extension Sender {
  /// Sends an element to the subscribers of its topic, as ``send(_:)`` does.
  ///
  /// - Throws: The errors of ``send(_:)``.
  public func publish<Published>(_ element: Published, on topic: String) async throws
  where Element == Publication<Published> {
    try await send(Publication(element, on: topic))
  }
}

extension Receiver {
  /// Subscribes to topics by their beginnings: `prices/` is the beginning of `prices/metals/gold`.
  ///
  /// The call replaces the topics of an earlier one. An empty text is the beginning of every topic, and no text is that
  /// of none. Before the first element is requested, the subscription is exact; later, publications that are under
  /// way still come. A receiver that requests an element without having subscribed gets all topics.
  ///
  /// - Parameter topics: At most 1,024 beginnings of topics, with at most 64 KiB of UTF-8 in all.
  /// - Throws: `invalidLimit` for more; `endMoved`.
  public func subscribe<Published>(to topics: [String]) async throws
  where Element == Publication<Published> {
    guard TopicFilter(topics) != nil else {
      throw ProcessTreeError(
        .invalidLimit,
        "A receiver subscribes to at most \(TopicFilter.most) topics with \(TopicFilter.mostBytes) bytes in all: "
          + "name what several have in common once, as their beginning.")
    }
    try await end.onLoop { $0.subscribe(to: topics) }
  }
}
