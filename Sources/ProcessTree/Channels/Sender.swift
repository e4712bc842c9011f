internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The sending end of a channel.
///
/// An end is a value: it travels to other nodes as a property of a program or in a message, and
/// whoever gets it sends on the same channel. The end of a pipe moves, others stay here as well. The
/// channel comes to its end when all of its senders have finished, or their nodes have ended;
/// the last reference to an end in a process finishes it.
///
/// May be used from any thread and from many tasks; on the node's event loop, where programs run, it
/// is fastest. What is sent leaves at the end of the loop's turn, or when 32 KiB are together.
public struct Sender<Element: Codable & Sendable>: Codable, Sendable {
  @usableFromInline let end: SenderEnd

  init(_ end: SenderEnd) {
    self.end = end
  }

  /// Takes the end over from the node that sent it.
  ///
  /// Throws a `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.sender, from: decoder)
    end = SenderEnd(ticket, at: context, hasArrived: true)
  }

  /// Sends the end to another node.
  ///
  /// Throws an `EncodingError` outside of programs and messages, `endMoved` for the end of a pipe that
  /// is in use here or was sent before.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Sends an element; suspends while there is no credit, if that is the channel's policy.
  ///
  /// Throws `messageNotEncodable` before anything is sent, `unreachable` when no receiver is left and
  /// none can come, `channelEnded`, `queueFull` if that is the policy, and `CancellationError`: the
  /// element was then not sent.
  @inlinable
  public func send(_ element: Element) async throws {
    if try end.sendDirectly(element) { return }
    try await sendWaiting(element)
  }

  @usableFromInline
  func sendWaiting(_ element: Element) async throws {
    let bytes = try encode(element)
    try await mapped { try await $0.send(bytes) }
  }

  /// Sends all elements of a sequence, suspending as ``send(_:)`` does.
  @inlinable
  public func send(contentsOf elements: some Sequence<Element>) async throws {
    for element in elements where try !end.sendDirectly(element) { try await sendWaiting(element) }
  }

  /// Sends an element if that needs no waiting for credit; false if it does, and the element was not
  /// sent.
  ///
  /// On the event loop it does not suspend; elsewhere it asks the loop, which knows the credit. Throws what
  /// ``send(_:)`` throws.
  public func trySend(_ element: Element) async throws -> Bool {
    if try end.sendDirectly(element) { return true }
    try end.use()
    return try await end.node.run { _ in
      // Before the element is encoded: an end in it must not leave for nothing.
      guard end.core.value.takesWithoutWaiting else { return false }
      let bytes = try encode(element)
      return try Self.mappingErrors { try end.core.value.offer(bytes) }
    }
  }

  /// Hands what was sent to the socket now, instead of at the end of the loop's turn.
  ///
  /// Of use before code that computes for long without awaiting anything. Off the loop, soon.
  public func flush() {
    end.node.perform { $0.sendFrames() }
  }

  /// Sends nothing more; what was sent still arrives.
  ///
  /// Sending afterwards throws `unreachable`.
  public func finish() { end.finish() }

  /// Waits until everything that this end has sent was processed: acknowledged by consumers of a work
  /// channel, received by those of others.
  ///
  /// Python's `JoinableQueue.join()`. Throws `unreachable` when no receiver is left for some of it, and
  /// `itemQuarantined` when some of it killed its consumers, until ``takeQuarantined()`` has handed that
  /// over.
  public func join() async throws {
    try await mapped { try await $0.join() }
  }

  /// What became of the elements that this end was given.
  public var balance: ChannelCounts {
    get async throws {
      ChannelCounts(try await end.core.run(\.balance))
    }
  }

  /// The items that killed their consumers since the last call, with how these ended.
  ///
  /// A program that returns while such items have not been taken has failed, with `itemQuarantined`.
  /// Waits up to a second for reports that are under way. Throws a `DecodingError` for an item that is
  /// no `Element`; none of the items is taken then.
  public func takeQuarantined() async throws -> [QuarantinedItem<Element>] {
    let (core, decoder) = (end.core, ElementDecoder(end.context))
    let deadline = ContinuousClock.now + .seconds(1)
    // Cancelled, it does without reports that are still under way.
    while ContinuousClock.now < deadline, !Task.isCancelled,
      try await end.node.run({ node in
        core.value.quarantined.contains { $0.killers.contains(where: node.awaitsReport) }
      })
    { try? await end.loop.sleep(for: .milliseconds(10)) }
    return try await end.node.run { node in
      let items = try core.value.quarantined.map { item in
        QuarantinedItem(
          element: try decoder.decode(Element.self, from: item.bytes),
          deaths: item.killers.map(node.death))
      }
      core.value.quarantined = []
      return items
    }
  }

  private func encode(_ element: Element) throws -> [UInt8] {
    try end.use()
    // A channel of bytes carries them as they are.
    if let shared = element as? SharedBytes { return shared.bytes }
    let (bytes, tickets) = try MessageCoding.encode(element, at: end.context)
    if !tickets.isEmpty { end.core.perform { $0.carry(tickets) } }
    return bytes
  }

  private func mapped(_ body: (SenderCore) async throws -> Void) async throws {
    try end.use()
    try Task.checkCancellation()
    try await Self.mapErrors {
      guard end.loop.isCurrent else {
        return try await withTaskExecutorPreference(end.loop) {
          try await end.node.lendingSlot { try await body(end.core.value) }
        }
      }
      try await end.node.lendingSlot { try await body(end.core.value) }
    }
  }

  /// A task that was cancelled is told so, whatever else became of its wait.
  private static func translated(_ error: LinkError) throws -> ProcessTreeError {
    try Task.checkCancellation()
    return ProcessTreeError(error)
  }

  private static func mappingErrors<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as LinkError {
      throw try translated(error)
    }
  }

  private static func mapErrors<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as LinkError {
      throw try translated(error)
    }
  }
}
