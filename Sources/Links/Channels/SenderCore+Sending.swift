internal import DequeModule
package import ProcessTreeWire

extension SenderCore {
  /// Bytes that wait here for the first receiver before senders have to wait.
  private static let initialRoom = 64 << 10

  /// Whether an item would be taken without waiting, or without a policy's verdict.
  var hasRoom: Bool {
    guard waiters.isEmpty || pending.isEmpty else { return false }
    switch specification.overflow {
    case .suspend:
      if specification.kind == .broadcast {
        return canBroadcast || (flows.isEmpty && pendingBytes < Self.initialRoom)
      }
      guard flows.contains(where: \.isReady) else { return pendingBytes < Self.initialRoom }
      return pending.isEmpty && flows.contains(where: \.canSend)
    case .fail(let count) where specification.kind == .broadcast && expectedReceivers == 0:
      return flows.allSatisfy { $0.backlog.count < count }
    case .dropOldest(let count), .dropNewest(let count), .fail(let count):
      return pending.count < count || (pending.isEmpty && flows.contains(where: \.canSend))
    }
  }

  /// Whether `offer` would not say that the item has to wait.
  package var takesWithoutWaiting: Bool {
    activate()
    guard phase == .active, specification.overflow == .suspend else { return true }
    return hasRoom
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

  /// Whether the caller is on the loop, and an item may go straight into the frame of a channel with one
  /// receiver.
  package var canSendDirectly: Bool {
    guard loop.isCurrent, pending.isEmpty, waiters.isEmpty, let direct else { return false }
    return direct._withUnsafeGuaranteedRef { $0.canSend }
  }

  /// Whether the next item is the first of a frame.
  package var isFrameEmpty: Bool { direct?._withUnsafeGuaranteedRef { $0.isFrameEmpty } ?? true }

  /// Puts an item straight into the frame; only when `canSendDirectly`, and for small items.
  package func sendDirectly(_ bytes: UnsafeRawBufferPointer) {
    balance.sent += 1
    balance.acknowledged += 1
    direct?._withUnsafeGuaranteedRef { $0.append(bytes) }
    markDirty()
  }

  /// Takes an item if that needs no waiting; false if it does.
  ///
  /// Policies that drop take every item; the one that fails throws `full`.
  package func offer(_ bytes: [UInt8], call: UInt64? = nil) throws(LinkError) -> Bool {
    try checkSending(bytes.count)
    if !hasRoom {
      switch specification.overflow {
      case .suspend: return false
      case .fail: throw .full
      case .dropNewest:
        balance.sent += 1
        leaveOut(nil)
        return true
      case .dropOldest:
        if let oldest = pending.popFirst() {
          pendingBytes -= oldest.cost
          leaveOut(oldest.number)
        }
      }
    }
    balance.sent += 1
    accept(PendingItem(bytes: bytes, call: call))
    pump()
    return true
  }

  /// Takes an item without waiting and without a bound; what bounds it is up to the caller.
  package func post(_ bytes: [UInt8]) throws(LinkError) {
    try checkSending(bytes.count)
    balance.sent += 1
    accept(PendingItem(bytes: bytes))
    pump()
  }

  /// Takes an item, waiting for credit if the policy says so.
  package func send(_ bytes: [UInt8]) async throws {
    if try offer(bytes) { return }
    let bound = LoopBound(self, on: loop)
    let id = takeID()
    balance.sent += 1
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation {
        (continuation: UnsafeContinuation<Void, any Error>) in
        waiters.append(
          Waiter(id: id, item: PendingItem(bytes: bytes)) { error in
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
    balance.sent -= 1
    waiter.resume(CancellationError())
    // Another task may have waited for nothing but this.
    markDirty()
  }

  /// Whether a task waits for credit.
  package var isWaiting: Bool { !waiters.isEmpty }

  /// The peers whose credit is waited for.
  package var awaitedPeers: [NodeAddress] {
    isWaiting ? flows.filter { !$0.canSend }.map(\.link.peer) : []
  }

  /// Waits until all that was taken has been processed.
  ///
  /// Throws when no receiver is left, when items were put aside that nobody has taken, and
  /// `CancellationError`.
  package func join() async throws {
    loop.assertCurrent()
    if phase == .held { return }
    let bound = LoopBound(self, on: loop)
    let slot = JoinSlot()
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation {
        (continuation: UnsafeContinuation<Void, any Error>) in
        slot.cancel = { continuation.resume(throwing: CancellationError()) }
        slot.id = whenSettled {
          slot.cancel = nil
          continuation.resume()
        }
      }
    } onCancel: {
      bound.loop.perform {
        guard let cancel = slot.cancel, let id = slot.id else { return }
        slot.cancel = nil
        bound.value.forgetJoiner(id)
        cancel()
      }
    }
    if case .closed(let error) = phase, balance.returned > 0 { throw error }
    guard quarantined.isEmpty else {
      throw LinkError.quarantined(quarantined.flatMap(\.killers).map(\.name))
    }
  }

  // MARK: Calls

  /// Sends a request and waits for its answer; a cancelled task tells the receiver.
  package func call(_ bytes: [UInt8]) async throws -> [UInt8] {
    try checkSending(bytes.count)
    let id = takeID()
    let bound = LoopBound(self, on: loop)
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation {
        (continuation: UnsafeContinuation<[UInt8], any Error>) in
        calls[id] = { continuation.resume(with: $0) }
        do {
          guard try !offer(bytes, call: id) else { return }
          balance.sent += 1
          waiters.append(
            Waiter(id: id, item: PendingItem(bytes: bytes, call: id)) { [self] error in
              if let error { calls.removeValue(forKey: id)?(.failure(error)) }
            })
          onWaiting?()
        } catch {
          calls.removeValue(forKey: id)?(.failure(error))
        }
      }
    } onCancel: {
      bound.loop.perform { bound.value.cancelCall(id) }
    }
  }

  private func cancelCall(_ id: UInt64) {
    guard let call = calls.removeValue(forKey: id) else { return }
    if let index = waiters.firstIndex(where: { $0.id == id }) {
      waiters.remove(at: index)
      balance.sent -= 1
    } else if let index = pending.firstIndex(where: { $0.call == id }) {
      pendingBytes -= pending.remove(at: index).cost
      balance.returned += 1
    } else {
      for flow in flows {
        guard let sequence = flow.sequence(ofCall: id) else { continue }
        flow.link.send(.cancel(flow: flow.id, sequence: sequence))
      }
    }
    call(.failure(CancellationError()))
    markDirty()
  }
}

/// What the cancellation of a join must know; touched on the loop alone.
private final class JoinSlot: @unchecked Sendable {
  var id: UInt64?
  var cancel: (() -> Void)?
}
