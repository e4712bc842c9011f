internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The receiving end of a channel.
///
/// As a sequence it gives elements one by one; ``batches`` gives what has come together and costs
/// less, ``deliveries`` says which attempt an element's delivery is and leaves the acknowledgement to
/// the program. The sequence ends when every sender has finished, or its node has ended, and all that
/// came has been taken.
///
/// On a work channel an element is acknowledged when the next one is asked for. What was not
/// acknowledged when the node ends, whatever the reason, goes to another receiver.
///
/// An end is a value and travels as a ``Sender`` does. Several tasks may receive from one end: each
/// element goes to one of them.
public struct Receiver<Element: Codable & Sendable>: Codable, Sendable, AsyncSequence {
  let decoded: DecodedElements<Element>
  var end: ReceiverEnd { decoded.end }

  init(_ end: ReceiverEnd) {
    decoded = DecodedElements(end)
  }

  /// Takes the end over from the node that sent it.
  ///
  /// Throws a `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.receiver, from: decoder)
    self.init(ReceiverEnd(ticket, at: context, hasArrived: true))
  }

  /// Sends the end to another node; see ``Sender/encode(to:)``.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Takes elements one after the other, acknowledging each when the next is asked for.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let decoded: DecodedElements<Element>
    private var last: ReceiverCore.Delivery?

    init(_ decoded: DecodedElements<Element>) {
      self.decoded = decoded
    }

    /// The next element; nil at the end of the channel.
    ///
    /// Throws `messageNotDecodable` for an item that is no `Element`, which is acknowledged all the
    /// same and followed by the next; `channelEnded` when this end came too late; and
    /// `CancellationError`.
    @inlinable
    public mutating func next() async throws -> Element? {
      // In the caller's module, where the element's type is known: this is what most calls take.
      if let element = decoded.pop() { return element }
      return try await nextFrame()
    }

    /// The next element, as ``next()`` gives it; what `for try await` calls.
    ///
    /// Runs where the caller does without being told where that is: a parameter that is `isolated` would
    /// cost two looks at the task's executor for each element.
    @inlinable
    public nonisolated(nonsending) mutating func next(
      isolation _: (any Actor)?
    ) async throws -> Element? {
      if let element = decoded.pop() { return element }
      return try await nextFrame()
    }

    @usableFromInline
    mutating func nextFrame() async throws -> Element? {
      guard decoded.end.isLeased else { return try await decoded.next() }
      let previous = last
      last = nil
      guard let delivery = try await decoded.end.next(after: previous) else { return nil }
      last = delivery
      return try decoded.decode(delivery)
    }
  }

  /// Starts receiving.
  public func makeAsyncIterator() -> Iterator {
    Iterator(decoded)
  }

  /// How many elements of a broadcast this subscriber has missed because it was too slow for the
  /// channel's policy.
  public var missed: Int {
    get async throws { Int(clamping: try await end.core.run(\.missed)) }
  }

  /// Receives nothing more: what was not acknowledged goes to other receivers.
  ///
  /// The last reference to the end does the same.
  public func close() { decoded.close() }
}

extension ReceiverEnd {
  @usableFromInline
  var isOnLoop: Bool { loop.isCurrent }

  /// Runs `body` on the loop with what this end has received.
  func onLoop<Value: Sendable>(
    _ body: (ReceiverCore) async throws -> Value
  ) async throws -> Value {
    try use()
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) { try await body(core.value) }
    }
    return try await body(core.value)
  }

  /// The next delivery; acknowledges the one before.
  func next(after previous: ReceiverCore.Delivery?) async throws -> ReceiverCore.Delivery? {
    try await onLoop { core in
      if let previous { core.acknowledge(previous) }
      while true {
        guard !Task.isCancelled else {
          // It may have been woken for an item that somebody else can have.
          core.passOn()
          throw CancellationError()
        }
        if let delivery = core.take() { return delivery }
        guard try await self.waitForItem(core) else { return nil }
      }
    }
  }

  /// Waits until there is something to take; false at the end of the channel.
  func waitForItem(_ core: ReceiverCore) async throws -> Bool {
    guard !core.isAtEnd else {
      do { try core.checkFailure() } catch { throw ProcessTreeError(error) }
      return false
    }
    try await node.lendingSlot { try await core.waitForItem() }
    return true
  }
}
