internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The sending end of a channel.
///
/// An end is a value: it can be sent to other nodes as a property of a program or in a message, and
/// its new node sends on the same channel. The end of a pipe moves; other ends stay usable here as
/// well. The channel comes to its end when all of its senders have finished or their nodes have
/// ended. Releasing the last reference to an end in a process finishes it.
///
/// Usable from any thread and from many tasks, and fastest on the node's event loop, where programs
/// run. Elements leave at the end of the loop's turn, or when there are 32 KiB of them.
public struct Sender<Element: Codable & Sendable>: Codable, Sendable {
  /// Nil in a stand-in for an end, which a check of arguments makes and nobody uses.
  @usableFromInline let held: SenderEnd?

  @inlinable var end: SenderEnd {
    guard let held else { preconditionFailure("this stands in for an end of a channel") }
    return held
  }

  init(_ end: SenderEnd?) {
    held = end
  }

  /// Takes over the end from the node that sent it.
  ///
  /// - Throws: A `DecodingError` outside of programs and messages.
  public init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(.sender, from: decoder)
    held = SenderEnd(ticket, at: context, hasArrived: true)
  }

  /// Encodes the end for another node.
  ///
  /// - Throws: An `EncodingError` outside of programs and messages; `endMoved` for the end of a
  ///   pipe that has been used or sent before.
  public func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Sends an element; waits for credit if that is the channel's policy.
  ///
  /// - Throws: `messageNotEncodable`; `unreachable` if no receiver is left and none can join;
  ///   `channelEnded`; `systemCallFailed` if the node cannot join the channel; `queueFull` if that
  ///   is the policy; and `CancellationError`. The element was then not sent.
  @inlinable
  public func send(_ element: Element) async throws {
    if try sendDirectly(element) { return }
    try await sendWaiting(element)
  }

  /// Sends an element if it need not wait, without counting a reference to the end, which the
  /// caller's sender keeps.
  @inlinable
  func sendDirectly(_ element: Element) throws -> Bool {
    try Unmanaged.passUnretained(end)._withUnsafeGuaranteedRef { try $0.sendDirectly(element) }
  }

  @usableFromInline
  func sendWaiting(_ element: Element) async throws {
    try end.use()
    let bytes = try encode(element)
    try await mapped { try await $0.send(bytes) }
  }

  /// Sends all elements of a sequence as ``send(_:)`` does.
  ///
  /// Over a pipe, elements of bytes in an array cost little more than a copy each.
  ///
  /// - Throws: The errors of ``send(_:)``; the elements before the one that failed have been sent.
  @inlinable
  public func send(contentsOf elements: some Sequence<Element>) async throws {
    // Elements that lie in an array go in runs, between those that have to wait.
    var next = 0
    while let left = try elements.withContiguousStorageIfAvailable({ elements -> Element? in
      next += try end.sendDirectly(elements[next...])
      return next < elements.count ? elements[next] : nil
    }) {
      guard let first = left else { return }
      try await sendWaiting(first)
      next += 1
    }
    for element in elements where try !sendDirectly(element) { try await sendWaiting(element) }
  }

  /// Sends an element unless it would have to wait for credit.
  ///
  /// On the event loop it does not suspend; elsewhere it asks the loop, which knows the credit.
  ///
  /// - Returns: Whether the element was sent.
  /// - Throws: The errors of ``send(_:)``.
  public func trySend(_ element: Element) async throws -> Bool {
    if try sendDirectly(element) { return true }
    try end.use()
    return try await ProcessTreeError.translatingLinkErrors {
      try await end.node.run { _ in
        // This precedes the encoding, because encoding an end gives it away.
        guard end.core.value.takesWithoutWaiting else { return false }
        return try end.core.value.offer(try encode(element))
      }
    }
  }

  /// Passes the sent elements to the socket now, instead of at the end of the loop's turn.
  ///
  /// This helps only before code that computes for long without suspending. Off the loop, it
  /// requests this and returns.
  public func flush() {
    end.node.perform { $0.sendFrames() }
  }

  /// Ends the sending; elements that were sent still arrive.
  ///
  /// Sending afterwards throws `unreachable`.
  public func finish() { end.finish() }

  /// Waits until all elements from this end are acknowledged; without leases, until they are
  /// received.
  ///
  /// It is Python's `JoinableQueue.join()`.
  ///
  /// - Throws: `unreachable` if no receiver is left for some elements; `itemQuarantined` if some
  ///   killed their consumers, until ``takeQuarantined()`` has returned them; `CancellationError`.
  public func join() async throws {
    try end.use()
    try await mapped { try await $0.join() }
  }

  /// The numbers of this end's items by their fate.
  ///
  /// - Throws: No error today.
  public var balance: ChannelCounts {
    get async throws {
      ChannelCounts(try await end.core.run(\.balance))
    }
  }

  /// Takes the items that have killed their consumers since the last call, with the exit reports.
  ///
  /// It waits up to a second for reports that are under way. A program that returns without having
  /// taken its quarantined items fails with `itemQuarantined`.
  ///
  /// - Returns: The items.
  /// - Throws: A `DecodingError` for an item that is not an `Element`; none of the items is taken
  ///   then.
  public func takeQuarantined() async throws -> [QuarantinedItem<Element>] {
    let (core, decoder) = (end.core, ElementDecoder(end.context))
    let node = end.node
    let deadline = try await node.run { $0.loop.timers.now + .seconds(1) }
    // Each death ends the wait with false. A cancelled task does without reports under way.
    while await node.wait({ wait in
      let runtime = node.value
      guard
        core.value.quarantined.contains(where: { $0.killers.contains(where: runtime.awaitsReport) })
      else { return wait.value.end(true) }
      wait.value.join(runtime.deathWaiters, within: deadline - runtime.loop.timers.now)
    }) == false {}
    return try await end.node.run { node in
      let items = try core.value.quarantined.map { item in
        QuarantinedItem(
          element: try decoder.decode(Element.self, from: item.bytes),
          deaths: item.deaths.map(node.death))
      }
      core.value.quarantined = []
      return items
    }
  }

  private func encode(_ element: Element) throws -> [UInt8] {
    // A channel of bytes carries them as they are.
    if let shared = element as? SharedBytes { return shared.bytes }
    let (bytes, tickets) = try MessageCoding.encode(element, at: end.context)
    if !tickets.isEmpty { end.core.perform { $0.carry(tickets) } }
    return bytes
  }

  private func mapped(_ body: (SenderCore) async throws -> Void) async throws {
    try Task.checkCancellation()
    try await ProcessTreeError.translatingLinkErrors {
      guard end.loop.isCurrent else {
        return try await withTaskExecutorPreference(end.loop) {
          try await end.node.lendingSlot { try await body(end.core.value) }
        }
      }
      try await end.node.lendingSlot { try await body(end.core.value) }
    }
  }
}
