internal import DequeModule
internal import ProcessTreeBase
internal import ProcessTreeMessagePack
package import ProcessTreeWire

extension SenderCore {
  /// Whether `offer` would accept an item, or have the overflow policy decide.
  package var takesWithoutWaiting: Bool {
    activate()
    guard phase == .active, specification.overflow == .suspend else { return true }
    return hasRoom
  }

  /// Whether a task on the loop may `post` a further item, as there is room for it.
  ///
  /// - Throws: `CancellationError`.
  package func canPost() throws -> Bool {
    guard loop.isCurrent, phase == .active, hasRoom else { return false }
    if Task.isCancelled { throw CancellationError() }
    return true
  }

  func checkSending(_ count: Int) throws(LinkError) {
    loop.assertCurrent()
    activate()
    switch phase {
    case .closed(let error): throw error
    case .finishing: throw .finished
    case .held, .active: break
    }
    guard count <= WireLimits.itemSize else { throw .tooLarge(count) }
  }

  /// The largest item that goes straight into a frame, in bytes.
  package static var smallItem: Int { 64 << 10 }

  /// Whether the caller is on the loop, and an item may go straight into the frame of a pipe.
  ///
  /// - Throws: `CancellationError`, which is looked for once a frame, so that a task that never has
  ///   to wait learns of its cancellation too. The type is not declared: the room for it would be
  ///   made for each item, as its size is known at run time alone.
  package func canSendDirectly() throws -> Bool {
    guard loop.isCurrent, queue.isEmpty, waiters.isEmpty, let direct,
      direct._withUnsafeGuaranteedRef({ $0.canSend })
    else { return false }
    let isFirst = direct._withUnsafeGuaranteedRef { $0.isFrameEmpty }
    if isFirst, Task.isCancelled { throw CancellationError() }
    return true
  }

  /// Puts an item straight into the frame; only when `canSendDirectly`, and for small items.
  package func sendDirectly(_ bytes: UnsafeRawBufferPointer) {
    counts.sent += 1
    counts.acknowledged += 1
    direct?._withUnsafeGuaranteedRef { $0.append(bytes, behind: .none) }
    markDirty()
  }

  /// Sends bytes as a MessagePack binary, straight into the frame; false if that is impossible.
  ///
  /// All that one element of bytes costs its sender, in one function.
  package func sendDirectly(binary bytes: [UInt8]) throws -> Bool {
    guard bytes.count < LargeItem.threshold else { return try sendDirectly(large: bytes) }
    guard try canSendDirectly() else { return false }
    counts.sent += 1
    counts.acknowledged += 1
    let head = MessagePackWriter.binaryHeader(of: bytes.count)
    bytes.withUnsafeBytes { bytes in
      direct?._withUnsafeGuaranteedRef {
        $0.append(bytes, behind: ItemHead(bytes: head.bytes, count: head.count))
      }
    }
    markDirty()
    return true
  }

  /// The same for bytes that go into shared memory, where they are copied once.
  @inline(never)
  private func sendDirectly(large bytes: [UInt8]) throws -> Bool {
    guard bytes.count < WireLimits.itemSize - 8, try canSendDirectly(), let direct else {
      return false
    }
    let (header, length) = MessagePackWriter.binaryHeader(of: bytes.count)
    let head = ItemHead(bytes: header, count: length)
    let isSent = bytes.withUnsafeBytes { bytes in
      direct._withUnsafeGuaranteedRef { $0.store(bytes, behind: head) }
    }
    guard isSent else { return false }
    counts.sent += 1
    counts.acknowledged += 1
    markDirty()
    return true
  }

  /// Sends elements as `sendDirectly(binary:)` does, as far as that is possible.
  ///
  /// The first of a frame goes by itself, the others in one loop.
  ///
  /// - Returns: How many have been sent.
  package func sendDirectly(
    binaries elements: UnsafeBufferPointer<[UInt8]>
  ) throws -> Int {
    var sent = 0
    while sent < elements.count, try sendDirectly(binary: elements[sent]) {
      sent += 1
      guard let direct else { break }
      let more = direct._withUnsafeGuaranteedRef {
        $0.append(binaries: UnsafeBufferPointer(rebasing: elements[sent...]))
      }
      counts.sent += UInt64(more)
      counts.acknowledged += UInt64(more)
      sent += more
    }
    return sent
  }

  /// Accepts an item if that needs no waiting; false if it does.
  ///
  /// Overflow policies that drop accept every item; the one that fails throws `full`.
  package func offer(
    _ bytes: [UInt8], call: UInt64? = nil, due: SuspendingClock.Instant? = nil
  ) throws(LinkError) -> Bool {
    try checkSending(bytes.count)
    if !hasRoom {
      switch specification.overflow {
      case .suspend: return false
      case .fail: throw .full
      case .dropNewest:
        counts.sent += 1
        drop(bytes, nil)
        return true
      case .dropOldest: if let oldest = queue.popFirst() { drop(oldest.bytes, oldest.number) }
      }
    }
    accept(PendingItem(bytes: bytes, call: call, due: due.map(Moment.init)))
    return true
  }

  /// Accepts an item without waiting and without a bound; what bounds it is up to the caller.
  package func post(_ bytes: [UInt8]) throws(LinkError) {
    try checkSending(bytes.count)
    accept(PendingItem(bytes: bytes))
  }

  private func accept(_ item: PendingItem) {
    counts.sent += 1
    queue.append(item)
    markDirty()
    pump()
  }

  /// - Parameter number: That of the item; nil for the latest one, which was never queued.
  private func drop(_ item: [UInt8], _ number: UInt64?) {
    counts.dropped += 1
    policy.drop(item, number)
  }

  /// Sends an item; waits for credit if the overflow policy is to suspend.
  package func send(_ bytes: [UInt8]) async throws {
    if try offer(bytes) { return }
    let bound = LoopBound(self, on: loop)
    let id = takeID()
    counts.sent += 1
    try await withTaskCancellationHandler {
      try await withThrowingTaskContinuation {
        (continuation: TaskContinuation<Void, any Error>) in
        waiters.append(
          Waiter(
            id: id, item: PendingItem(bytes: bytes), since: loop.timers.coarseNanoseconds
          ) { error in
            if let error { continuation.resume(throwing: error) } else { continuation.resume() }
          })
        onWaiting?()
      }
    } onCancel: {
      bound.loop.perform { bound.value.cancelWaiter(id) }
    }
  }

  private func cancelWaiter(_ id: UInt64) {
    guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
    let waiter = waiters.remove(at: index)
    counts.sent -= 1
    waiter.resume(CancellationError())
    // This item may have been all that another task waited for.
    markDirty()
  }

  /// Whether a task waits for credit.
  package var isWaiting: Bool { !waiters.isEmpty }

  /// The peers for whose credit a task waits.
  package var awaitedPeers: [PeerAddress] {
    isWaiting ? flows.filter { !$0.canSend }.map(\.link.peer) : []
  }

  /// Waits until everything that was accepted has been processed.
  ///
  /// - Throws: The reason when no receiver is left for some of it, `quarantined` when items were
  ///   quarantined that the program has not taken, and `CancellationError`.
  package func join() async throws {
    loop.assertCurrent()
    if phase == .held { return }
    let waiter = ProcessTreeBase.Waiter()
    let id = whenSettled { waiter.resume() }
    guard await waiter.wait() else {
      forgetJoiner(id)
      throw CancellationError()
    }
    if case .closed(let error) = phase, balance.returned > 0 { throw error }
    guard quarantined.isEmpty else {
      throw LinkError.quarantined(quarantined.flatMap(\.killers).map(\.name))
    }
  }

  // MARK: Calls

  /// Sends a request and waits for the reply; a cancelled task cancels the request.
  ///
  /// - Parameters:
  ///   - due: The time by which the reply has to be there, of which the receiver learns. It ends no
  ///     call: the caller's task does.
  ///   - isLate: Whether that is over, when the task is cancelled.
  package func call(
    _ bytes: [UInt8], due: SuspendingClock.Instant? = nil,
    isLate: @escaping @Sendable () -> Bool = { false }
  ) async throws -> [UInt8] {
    try checkSending(bytes.count)
    let id = takeID()
    let bound = LoopBound(self, on: loop)
    return try await withTaskCancellationHandler {
      try await withThrowingTaskContinuation {
        (continuation: TaskContinuation<[UInt8], any Error>) in
        expectReply(to: id) { continuation.resume(with: $0) }
        do {
          guard try !offer(bytes, call: id, due: due) else { return }
          counts.sent += 1
          waiters.append(
            Waiter(
              id: id, item: PendingItem(bytes: bytes, call: id, due: due.map(Moment.init)),
              since: loop.timers.coarseNanoseconds
            ) { [self] error in
              if let error { endCall(id, .failure(error)) }
            })
          onWaiting?()
        } catch {
          endCall(id, .failure(error))
        }
      }
    } onCancel: {
      bound.loop.perform { bound.value.cancelCall(id, isLate: isLate()) }
    }
  }

  func expectReply(to id: UInt64, _ body: @escaping (Result<[UInt8], any Error>) -> Void) {
    calls[id] = Call(since: loop.timers.coarseNanoseconds, end: body)
    policy.expectReply(to: id)
  }

  /// Ends a call, if its caller still waits; returns the receiver that has the item, if one has.
  @discardableResult
  func endCall(
    _ id: UInt64, _ result: Result<[UInt8], any Error>
  ) -> (place: Int, sequence: UInt64)? {
    let receiver = policy.cancel(id)
    calls.removeValue(forKey: id)?.end(result)
    return receiver
  }

  private func cancelCall(_ id: UInt64, isLate: Bool) {
    guard calls[id] != nil else { return }
    if let index = waiters.firstIndex(where: { $0.id == id }) {
      waiters.remove(at: index)
      counts.sent -= 1
    } else if queue.remove(call: id) {
      counts.returned += 1
    }
    if let (place, sequence) = endCall(id, .failure(CancellationError())) {
      flows[place].link.send(.cancel(flow: flows[place].id, sequence: sequence, isLate: isLate))
    }
    markDirty()
  }
}
