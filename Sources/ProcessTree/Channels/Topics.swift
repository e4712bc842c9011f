internal import ProcessTreeLinks
internal import ProcessTreeWire

/// An element with the topic under which a sender publishes it.
///
/// On the wire it is an array of the topic and the element.
public struct Publication<Element: Codable & Sendable>: Codable, Sendable {
  /// The topic, which is any text.
  ///
  /// Topics are matched by their beginnings, so general words come first, as in
  /// `prices/metals/gold`.
  public let topic: String
  /// The element.
  public let element: Element

  /// Makes a publication.
  public init(_ element: Element, on topic: String) {
    self.topic = topic
    self.element = element
  }

  /// Reads the topic and the element.
  ///
  /// - Throws: A `DecodingError`, and the error of the element.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    topic = try container.decode(String.self)
    element = try container.decode(Element.self)
  }

  /// Writes the topic and the element.
  ///
  /// - Throws: An `EncodingError`, and the error of the element.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(topic)
    try container.encode(element)
  }
}

extension Publication: Equatable where Element: Equatable {}
extension Publication: Hashable where Element: Hashable {}

extension Node {
  /// Makes a broadcast whose elements have topics: each goes to every receiver that has subscribed
  /// to its topic.
  ///
  /// ```swift
  /// let (publisher, subscriber) = root.makeTopics(of: Double.self)
  /// try await publisher.publish(1_871.5, on: "prices/metals/gold")
  /// ```
  ///
  /// A receiver names its topics by ``Receiver/subscribe(to:)``, and gets all topics before it has.
  /// Otherwise the channel is one of ``makeBroadcast(of:overflow:)``: a receiver that came from
  /// another node misses nothing, and that of the node which makes the channel takes part from its
  /// first use on. The source of the idea is ZeroMQ's PUB and SUB.
  ///
  /// - Parameters:
  ///   - element: The type of the elements.
  ///   - overflow: Whether a slow subscriber blocks the senders, or misses elements of its topics,
  ///     which ``Receiver/missed`` counts.
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
  /// Beginnings are compared byte by byte in UTF-8. An empty text is the beginning of every topic,
  /// and no text is that of none. The call begins to use the end. It replaces the topics of an
  /// earlier one: elements of topics that are no longer among them are held back, up to seven that
  /// had been decoded already; elements of new topics come once the senders know of them.
  ///
  /// - Parameter topics: At most 1,024 beginnings of topics, with at most 64 KiB of UTF-8 in all.
  /// - Throws: `invalidLimit` for more; `invalidConfiguration` for a channel that was not made by
  ///   ``Node/makeTopics(of:overflow:)``.
  public func subscribe<Published>(to topics: [String]) async throws
  where Element == Publication<Published> {
    guard end.ticket.specification.kind == .topics else {
      throw ProcessTreeError(
        .invalidConfiguration,
        "This channel has no topics to subscribe to: makeTopics(of:) makes one that has.")
    }
    guard TopicFilter(topics) != nil else {
      throw ProcessTreeError(
        .invalidLimit,
        "A receiver subscribes to at most \(TopicFilter.most) topics with \(TopicFilter.mostBytes) bytes in all: "
          + "name what several have in common once, as their beginning.")
    }
    try await end.onLoop { core in
      core.subscribe(to: topics)
      core.activate()
    }
  }
}
