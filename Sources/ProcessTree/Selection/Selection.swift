internal import ProcessTreeLinks

/// What a program waits for together with other things: elements, messages, or the end of a child.
///
/// Each source makes its values into events of the program's own type; see ``Node/select(_:)``.
public struct SelectionSource<Event: Sendable>: Sendable {
  let makePart: @Sendable (EventLoop) throws -> any SelectionPart<Event>

  /// The elements of a channel, each of which `body` makes an event.
  ///
  /// On a work channel, requesting the next event acknowledges the element.
  public static func elements<Element>(
    of receiver: Receiver<Element>, _ body: @escaping @Sendable (Element) -> Event
  ) -> Self {
    Self { try ElementPart(receiver.decoded.on($0), body) }
  }

  /// The elements of a channel as deliveries, which the program acknowledges itself.
  public static func deliveries<Element>(
    of receiver: Receiver<Element>, _ body: @escaping @Sendable (Delivery<Element>) -> Event
  ) -> Self {
    Self { try DeliveryPart(receiver.decoded.on($0), body) }
  }

  /// The messages of the child or parent whose sequence this is.
  ///
  /// Nobody else may receive them at the same time: the source throws `alreadyIterating` and ends.
  public static func messages<Message>(
    of messages: EdgeMessages<Message>, _ body: @escaping @Sendable (Message) -> Event
  ) -> Self {
    Self { loop in
      try requireLoop(messages.edge.loop, loop)
      return MessagePart(messages, body)
    }
  }

  /// The end of a child, which must have been started: one event.
  ///
  /// The child's last messages and elements are other sources, and may come after it.
  public static func end(
    of child: AnyChild, _ body: @escaping @Sendable (ExitReport) -> Event
  ) -> Self {
    Self { loop in
      try requireLoop(child.node.loop, loop)
      return EndPart(child, body)
    }
  }
}

/// The events of several sources, each as it comes; see ``Node/select(_:)``.
public struct Selection<Event: Sendable>: AsyncSequence, Sendable {
  let node: LoopBound<NodeRuntime>
  let sources: [SelectionSource<Event>]

  /// Takes the events one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private let node: LoopBound<NodeRuntime>
    private let sources: [SelectionSource<Event>]
    private var parts: LoopBound<SelectionParts<Event>>?

    init(_ selection: Selection) {
      node = selection.node
      sources = selection.sources
    }

    /// Waits for the next event.
    ///
    /// - Returns: The event; `nil` when all sources have come to their ends.
    /// - Throws: The errors of the source that is next, after which the selection goes on;
    ///   `notStarted` for the end of a child without a start; `invalidConfiguration` for a source
    ///   of another node; `CancellationError`.
    public mutating func next() async throws -> Event? {
      let parts = try parts ?? LoopBound(SelectionParts(sources, on: node.loop), on: node.loop)
      self.parts = parts
      let node = node
      guard !node.loop.isCurrent else { return try await parts.value.next(at: node) }
      return try await withTaskExecutorPreference(node.loop) {
        try await parts.value.next(at: node)
      }
    }
  }

  /// Begins to wait.
  public func makeAsyncIterator() -> Iterator { Iterator(self) }
}

extension Node {
  /// Waits for several things at once: elements, messages and ends of children.
  ///
  /// ```swift
  /// for try await event in root.select([
  ///   .elements(of: numbers) { .number($0) }, .end(of: child) { .ended($0) },
  /// ]) { … }
  /// ```
  ///
  /// Sources take turns: one that always has something does not keep the others waiting. A value is
  /// taken from its source only when it is the next event, so a program that stops iterating loses
  /// none. The idea is Python's `multiprocessing.connection.wait`, Erlang's `receive` and Go's
  /// `select`. A wait costs time in proportion to the number of sources. What makes the events runs
  /// on the node's loop, and must not block.
  ///
  /// - Parameter sources: The sources; with none the sequence is empty.
  /// - Returns: A sequence of the events, which ends when all sources have.
  public func select<Event>(_ sources: [SelectionSource<Event>]) -> Selection<Event> {
    Selection(node: runtime, sources: sources)
  }
}
