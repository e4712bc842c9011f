internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The messages that come over the edge to a child, or to the parent, as values of one type.
///
/// One task receives at a time. The sequence ends when the peer has ended and all that it sent has
/// been taken. A message that is not a `Message` makes `next()` throw `messageNotDecodable`; the
/// sender is told by an event, and the next call goes on with the next message.
public struct EdgeMessages<Message: Decodable & Sendable>: AsyncSequence, Sendable {
  let edge: Edge

  /// Takes the messages one after another.
  public struct Iterator: AsyncIteratorProtocol {
    let edge: Edge

    /// The next message; nil at the end.
    ///
    /// Throws `CancellationError` when the task is cancelled.
    public mutating func next() async throws -> Message? {
      guard let bytes = try await edge.receive() else { return nil }
      do {
        return try MessageCoding.decode(Message.self, from: bytes, at: edge.context)
      } catch {
        edge.reject(error.message)
        throw error
      }
    }
  }

  /// Starts iterating, from the next message on that nobody has taken.
  public func makeAsyncIterator() -> Iterator { Iterator(edge: edge) }
}

/// The message channel of one edge, from either end.
struct Edge: Sendable {
  let loop: EventLoop
  /// Where ends of channels in messages belong; without it, such messages are refused.
  let context: ChannelContext?
  private let channel: LoopBound<ItemChannel>
  private let sendControl: @Sendable (ControlMessage) -> Void

  init(
    _ channel: LoopBound<ItemChannel>, at context: ChannelContext? = nil,
    sendControl: @escaping @Sendable (ControlMessage) -> Void
  ) {
    loop = channel.loop
    self.context = context
    self.channel = channel
    self.sendControl = sendControl
  }

  /// Sends an item, waiting for credit if need be.
  func send(_ item: [UInt8]) async throws {
    do {
      guard loop.isCurrent else {
        return try await withTaskExecutorPreference(loop) { try await sendOnLoop(item) }
      }
      try await sendOnLoop(item)
    } catch LinkError.finished {
      throw ProcessTreeError(.unreachable, "This end has been finished: nothing more is sent.")
    } catch LinkError.peerGone {
      throw ProcessTreeError(.unreachable, "The peer has ended: the message was not sent.")
    } catch let error as LinkError {
      throw ProcessTreeError(error)
    }
  }

  private func sendOnLoop(_ item: [UInt8]) async throws {
    // A place in the tree is lent only when there is something to wait for.
    guard let context, !channel.value.canSendNow else {
      return try await channel.value.send(item)
    }
    try await context.node.lendingSlot { try await channel.value.send(item) }
  }

  /// The next item; nil at the end.
  func receive() async throws -> [UInt8]? {
    do {
      guard loop.isCurrent else {
        return try await withTaskExecutorPreference(loop) { try await receiveOnLoop() }
      }
      return try await receiveOnLoop()
    } catch LinkError.alreadyReceiving {
      throw ProcessTreeError(
        .alreadyIterating, "Another task is receiving from this edge: one may at a time.")
    } catch let error as LinkError {
      throw ProcessTreeError(error)
    }
  }

  private func receiveOnLoop() async throws -> [UInt8]? {
    if let item = channel.value.takeItem() { return item }
    guard let context else { return try await channel.value.receive() }
    return try await context.node.lendingSlot { try await channel.value.receive() }
  }

  /// Tells the peer that nothing more comes.
  func finish() {
    channel.perform { $0.finish() }
  }

  func reject(_ reason: String) {
    sendControl(.rejected(channel: EdgeChannels.messages, reason: reason))
  }
}
