internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The messages that come over the edge to a child, or to the parent, as values of one type.
///
/// One task receives at a time. The sequence ends when the peer has ended and all that it sent has
/// been taken. A message that is not a `Message` makes `next()` throw `messageNotDecodable`; the
/// sender is informed by an event, and the next call goes on with the next message.
public struct EdgeMessages<Message: Decodable & Sendable>: AsyncSequence, Sendable {
  let edge: Edge

  /// Decodes a message; the sender of one that is not a `Message` is informed by an event.
  func decode(
    _ item: ReceiverCore.Delivery, with decoder: MessagePackDecoder
  ) throws -> Message {
    do {
      return try item.withItem {
        try MessageCoding.decode(Message.self, from: $0, with: decoder)
      }
    } catch let error as ProcessTreeError {
      edge.reject(error.message)
      throw error
    }
  }

  /// Takes the messages one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private let messages: EdgeMessages
    private let decoder: MessagePackDecoder

    init(_ messages: EdgeMessages) {
      self.messages = messages
      decoder = MessageCoding.decoder(at: messages.edge.context)
    }

    /// The next message; nil at the end.
    ///
    /// - Throws: `messageNotDecodable` for a message that is not a `Message`, after which the next
    ///   call goes on; `alreadyIterating` if another task receives here; `CancellationError`.
    public mutating func next() async throws -> Message? {
      guard let item = try await messages.edge.receive() else { return nil }
      return try messages.decode(item, with: decoder)
    }
  }

  /// Starts iterating, from the next message on that nobody has taken.
  public func makeAsyncIterator() -> Iterator { Iterator(self) }
}

/// The messages of one edge, from either end.
struct Edge: Sendable {
  let loop: EventLoop
  /// Where ends of channels in messages belong; without it, such messages are refused.
  let context: ChannelContext?
  private let streams: LoopBound<EdgeStreams>
  private let sendControl: @Sendable (ControlMessage) -> Void

  init(
    _ streams: LoopBound<EdgeStreams>, at context: ChannelContext? = nil,
    sendControl: @escaping @Sendable (ControlMessage) -> Void
  ) {
    loop = streams.loop
    self.context = context
    self.streams = streams
    self.sendControl = sendControl
  }

  /// Sends an item, waiting for credit if need be.
  func send(_ item: [UInt8]) async throws {
    try await ProcessTreeError.translatingLinkErrors {
      guard loop.isCurrent else {
        return try await withTaskExecutorPreference(loop) { try await sendOnLoop(item) }
      }
      try await sendOnLoop(item)
    }
  }

  private func sendOnLoop(_ item: [UInt8]) async throws {
    let sender = streams.value.sender(.messages)
    if item.count <= WireLimits.pieceSize, try sender.canSendDirectly() {
      return item.withUnsafeBytes { sender.sendDirectly($0) }
    }
    if try sender.offer(item) { return }
    // A place in the tree is lent only when there is something to wait for.
    guard let context else { return try await sender.send(item) }
    try await context.node.lendingSlot { try await sender.send(item) }
  }

  /// The next item; nil at the end.
  func receive() async throws -> ReceiverCore.Delivery? {
    try await ProcessTreeError.translatingLinkErrors {
      guard loop.isCurrent else {
        return try await withTaskExecutorPreference(loop) { try await receiveOnLoop() }
      }
      return try await receiveOnLoop()
    }
  }

  /// The messages that have come; on the loop.
  var receiver: ReceiverCore { streams.value.receiver(.messages) }

  private func receiveOnLoop() async throws -> ReceiverCore.Delivery? {
    let receiver = receiver
    while true {
      if let item = receiver.take() { return item }
      guard !receiver.isAtEnd else { return nil }
      guard !receiver.isWaiting else { throw LinkError.alreadyReceiving }
      guard let context else {
        try await receiver.waitForItem()
        continue
      }
      try await context.node.lendingSlot { try await receiver.waitForItem() }
    }
  }

  /// Reports to the peer that nothing more comes.
  func finish() {
    streams.perform { $0.sender(.messages).finish() }
  }

  func reject(_ reason: String) {
    sendControl(.rejected(flow: EdgeStreams.Stream.messages.rawValue, reason: reason))
  }
}
