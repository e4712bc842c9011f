internal import DequeModule
internal import ProcessTreeWire

/// One channel of a data link, both directions: whole items in order, with credit each way.
///
/// Belongs to the loop. Sending suspends when there is no credit, receiving when there is no item.
package final class ItemChannel {
  /// What either side may send before the first credit frame, in bytes.
  package static let initialCredit = 64 << 10
  /// What may be under way or waiting in one direction, in bytes.
  package static let window = 1 << 20

  /// A task that waits for an item.
  private struct Receiver {
    let id: UInt64
    let resume: (Result<[UInt8]?, any Error>) -> Void
  }

  package let id: UInt16
  /// The link, which lets go of its channels when it closes.
  private let link: DataLink
  private let loop: EventLoop

  @exclusivity(unchecked) private var outbound: OutboundQueue
  @exclusivity(unchecked) private var inbound: InboundQueue
  @exclusivity(unchecked) private var receiver: Receiver?
  @exclusivity(unchecked) private var nextReceiverID: UInt64 = 0
  @exclusivity(unchecked) private var closed: LinkError?
  @exclusivity(unchecked) private var finishes = false

  /// Called when an item has come and no task is waiting for it, and at the end.
  @exclusivity(unchecked) package var onItemAvailable: (() -> Void)?
  /// Called when credit has come.
  @exclusivity(unchecked) package var onCredit: (() -> Void)?

  init(id: UInt16, link: DataLink, loop: EventLoop) {
    self.id = id
    self.link = link
    self.loop = loop
    outbound = OutboundQueue(channel: id, initialCredit: Self.initialCredit)
    inbound = InboundQueue(initialCredit: Self.initialCredit, window: Self.window)
  }

  // MARK: Sending

  /// Whether an item handed over now leaves in this turn.
  package var canSendNow: Bool { closed == nil && outbound.canSendNow }

  /// Whether everything that was sent has been handed to the socket.
  package var isDrained: Bool { outbound.isDrained }

  /// Sends an item; returns when it has left for the socket, after waiting for credit if need be.
  package func send(_ item: [UInt8]) async throws {
    try checkSending(item)
    if outbound.canSendNow, item.count <= WireLimits.pieceSize {
      item.withUnsafeBytes { outbound.appendNow($0) }
      link.needsFlush(self)
      if outbound.isFrameFull { link.flush(self) }
      return
    }
    let bound = LoopBound(self, on: loop)
    let id = Slot()
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation {
        (continuation: UnsafeContinuation<Void, any Error>) in
        id.value = enqueue(item) { error in
          if let error { continuation.resume(throwing: error) } else { continuation.resume() }
        }
        id.cancel = { continuation.resume(throwing: CancellationError()) }
      }
    } onCancel: {
      bound.loop.perform { bound.value.cancelSend(id) }
    }
  }

  /// Queues an item without waiting; what bounds the queue is up to the caller.
  package func post(_ item: [UInt8]) throws {
    try checkSending(item)
    _ = enqueue(item, completion: nil)
  }

  private func enqueue(_ item: [UInt8], completion: ((LinkError?) -> Void)?) -> UInt64 {
    defer { link.needsFlush(self) }
    return outbound.enqueue(item, completion: completion)
  }

  private func cancelSend(_ slot: Slot) {
    guard let id = slot.value, outbound.cancel(id) else { return }
    slot.cancel?()
  }

  private func checkSending(_ item: [UInt8]) throws(LinkError) {
    loop.assertCurrent()
    if let closed { throw closed }
    guard !finishes else { throw .finished }
    guard item.count <= WireLimits.itemSize else { throw .tooLarge(item.count) }
  }

  /// Tells the peer that nothing more comes, after what is queued.
  package func finish() {
    guard !finishes, closed == nil else { return }
    finishes = true
    link.needsFlush(self)
  }

  /// The next frame for the socket; with `flush`, also one that is not full.
  func nextFrame(flush: Bool) -> [UInt8]? {
    if let frame = outbound.nextFrame(flush: flush) { return frame }
    if let total = inbound.grantDue() {
      return DataFrameBuilder.control(
        DataFrameHeader(kind: .credit, channel: id, total: total))
    }
    guard finishes, !finishSent, outbound.isDrained else { return nil }
    finishSent = true
    return DataFrameBuilder.control(DataFrameHeader(kind: .finish, channel: id))
  }

  @exclusivity(unchecked) private var finishSent = false

  // MARK: Receiving

  /// The next item; nil once the peer has finished or gone and all items have been taken.
  package func receive() async throws -> [UInt8]? {
    loop.assertCurrent()
    if let item = takeItem() { return item }
    guard !inbound.isFinished, closed == nil else { return nil }
    guard receiver == nil else { throw LinkError.alreadyReceiving }
    let id = nextReceiverID
    nextReceiverID += 1
    let bound = LoopBound(self, on: loop)
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        receiver = Receiver(id: id) { continuation.resume(with: $0) }
      }
    } onCancel: {
      bound.loop.perform { bound.value.cancelReceive(id) }
    }
  }

  /// The next item if one is there; its credit goes back to the peer.
  package func takeItem() -> [UInt8]? {
    guard let item = inbound.pop() else { return nil }
    link.needsFlush(self)
    return item
  }

  /// Whether no item will come any more, beyond those that `takeItem` still gives.
  package var isEnded: Bool { inbound.isEmpty && (inbound.isFinished || closed != nil) }

  private func cancelReceive(_ id: UInt64) {
    guard let waiting = receiver, waiting.id == id else { return }
    receiver = nil
    waiting.resume(.failure(CancellationError()))
  }

  /// Takes a frame from the peer.
  func receive(_ frame: UnsafeRawBufferPointer, header: DataFrameHeader) throws(WireError) {
    switch header.kind {
    case .items: try inbound.receive(frame, header: header)
    case .credit:
      outbound.grant(total: header.total)
      link.needsFlush(self)
      onCredit?()
    case .finish: try inbound.finish()
    }
    deliver()
  }

  /// The peer has gone: senders fail, the receiver gets what has come and then the end.
  func close(_ error: LinkError) {
    guard closed == nil else { return }
    closed = error
    outbound.fail(error)
    deliver()
  }

  private func deliver() {
    link.needsFlush(self)
    guard let waiting = receiver else {
      onItemAvailable?()
      return
    }
    let item = inbound.pop()
    guard item != nil || inbound.isFinished || closed != nil else { return }
    receiver = nil
    waiting.resume(.success(item))
  }
}

/// What a cancellation handler must know of a send that is waiting; touched on the loop alone.
private final class Slot: @unchecked Sendable {
  var value: UInt64?
  var cancel: (() -> Void)?
}
