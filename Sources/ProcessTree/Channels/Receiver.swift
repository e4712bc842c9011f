internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The receiving end of a channel.
///
/// As a sequence it gives elements one by one. ``batches`` gives all elements that have arrived, at
/// a lower cost; ``deliveries`` gives the number of each attempt and leaves the acknowledgement to
/// the program. The sequence ends when every sender has finished or its node has ended, and all
/// elements have been received.
///
/// On a work channel, requesting an element acknowledges the one before. Elements that are not
/// acknowledged when the node ends, for whatever reason, go to another receiver.
///
/// An end is a value and can be sent to other nodes as a ``Sender`` can. Several tasks may receive
/// from one end: each element goes to one of them.
public struct Receiver<Element: Codable & Sendable>: Codable, Sendable, AsyncSequence {
  /// Nil in a stand-in for an end, which a check of arguments makes and nobody uses.
  private let held: DecodedElements<Element>?

  var decoded: DecodedElements<Element> {
    guard let held else { preconditionFailure("this stands in for an end of a channel") }
    return held
  }
  var end: ReceiverEnd { decoded.end }

  init(_ end: ReceiverEnd?) {
    held = end.map { DecodedElements($0) }
  }

  /// Takes over the end from the node that sent it.
  ///
  /// - Throws: A `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.receiver, from: decoder)
    self.init(ReceiverEnd(ticket, at: context, hasArrived: true))
  }

  /// Encodes the end for another node; see ``Sender/encode(to:)``.
  ///
  /// - Throws: The errors of ``Sender/encode(to:)``.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// The elements, one after another; requesting one acknowledges the one before.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let decoded: DecodedElements<Element>
    private var last: ReceiverCore.Delivery?

    init(_ decoded: DecodedElements<Element>) {
      self.decoded = decoded
    }

    /// Waits for the next element.
    ///
    /// - Returns: The element; `nil` at the end of the channel.
    /// - Throws: `messageNotDecodable` for an item that is not an `Element`, which is acknowledged
    ///   and does not end the sequence; `channelEnded` if this end came too late;
    ///   `systemCallFailed` if the node cannot join the channel; and `CancellationError`.
    @inlinable
    public mutating func next() async throws -> Element? {
      // This runs in the caller's module, where the element's type is known, and is enough for most
      // calls.
      if let element = decoded.pop() { return element }
      return try await nextFrame()
    }

    /// Waits for the next element like ``next()``; `for try await` calls it.
    ///
    /// It runs on the caller's executor without an `isolated` parameter, which would read the
    /// task's executor twice per element.
    ///
    /// - Throws: The errors of ``next()``.
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

  /// Begins to receive.
  public func makeAsyncIterator() -> Iterator {
    Iterator(decoded)
  }

  /// How many elements of a broadcast this subscriber has missed because it was too slow.
  ///
  /// - Throws: No error today.
  public var missed: Int {
    get async throws { Int(clamping: try await end.core.run(\.missed)) }
  }

  /// Receives up to the end of the channel, although the node is asked to drain from now on: nobody
  /// else can do the work.
  package func goOnInADrain() async throws { try await end.core.run { $0.goesOnInADrain = true } }

  /// Ends the receiving; elements that are not acknowledged go to other receivers.
  ///
  /// Releasing the last reference to the end does the same.
  public func close() { decoded.close() }
}

extension ReceiverEnd {
  @usableFromInline
  var isOnLoop: Bool { loop.isCurrent }

  func onLoop<Value: Sendable>(
    _ body: (ReceiverCore) async throws -> Value
  ) async throws -> Value {
    try use()
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) { try await body(core.value) }
    }
    return try await body(core.value)
  }

  func next(after previous: ReceiverCore.Delivery?) async throws -> ReceiverCore.Delivery? {
    try await onLoop { core in
      if let previous { core.acknowledge(previous) }
      while true {
        guard !Task.isCancelled else {
          // This task may have been woken for an item that another task can have.
          core.passOn()
          throw CancellationError()
        }
        if let delivery = core.take() { return delivery }
        guard try await self.waitForItem(core) else { return nil }
      }
    }
  }

  /// Waits until there is an item to take; false at the end of the channel.
  func waitForItem(_ core: ReceiverCore) async throws -> Bool {
    guard !core.isAtEnd else {
      do { try core.checkFailure() } catch { throw ProcessTreeError(error) }
      return false
    }
    try await node.lendingSlot { try await core.waitForItem() }
    return true
  }
}
