internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The handling of one service's requests: which are being answered, and which nobody waits for.
///
/// Belongs to the loop.
final class RequestDesk<Request: Codable & Sendable, Reply: Codable & Sendable>: @unchecked Sendable
{
  // Sendable: used on the loop alone, where its tasks run too.

  private struct Key: Hashable {
    let flow: UInt32
    let link: ObjectIdentifier
    let sequence: UInt64
  }

  private let service: Service<Request, Reply>
  private var running: [Key: Task<Void, Never>] = [:]
  private var cancelled: Set<Key> = []
  private let mostCancelled = 1_024
  private var isStopping = false
  /// One of the handlers has answered.
  private let oneIsDone = Condition()

  init(_ service: Service<Request, Reply>) {
    self.service = service
  }

  private var end: ReceiverEnd { service.end }

  func serve(
    limit: Int, _ handler: @escaping @Sendable (Request) async throws -> Reply
  ) async throws {
    let core = end.core.value
    core.onCancel = { [unowned self] flow, link, sequence in
      let key = Key(flow: flow, link: ObjectIdentifier(link), sequence: sequence)
      if let task = running[key] { return task.cancel() }
      // Some have been answered already; those that come are among the latest.
      if cancelled.count >= mostCancelled { cancelled = [] }
      cancelled.insert(key)
    }
    defer {
      core.onCancel = nil
      isStopping = true
      for task in running.values { task.cancel() }
    }
    while let delivery = try await end.next(after: nil) {
      begin(delivery, handler)
      while running.count >= limit { try await waitForOne() }
    }
    while !running.isEmpty { try await waitForOne() }
  }

  private func waitForOne() async throws {
    await oneIsDone.wait()
    try Task.checkCancellation()
  }

  private func begin(
    _ delivery: ReceiverCore.Delivery,
    _ handler: @escaping @Sendable (Request) async throws -> Reply
  ) {
    let key = Key(
      flow: delivery.flowID, link: delivery.linkID, sequence: delivery.sequence)
    guard cancelled.remove(key) == nil else { return answer(.late, to: delivery) }
    let decoder = ElementDecoder(end.context)
    running[key] = Task(executorPreference: end.loop) { [self] in
      do {
        let envelope = try decoder.decode(RequestEnvelope<Request>.self, from: delivery)
        let reply = try await Self.handle(envelope, handler, on: end.loop)
        answer(reply.map { .reply($0) } ?? .late, to: delivery)
      } catch {
        // One that was interrupted by the end of its service is another server's to answer.
        let isInterrupted = isStopping && error is CancellationError
        if !isInterrupted { answer(.failure(RemoteFailure(carrying: error)), to: delivery) }
      }
      running[key] = nil
      oneIsDone.wakeAll()
    }
  }

  /// The handler's reply; nil when the request's time is over before.
  private static func handle(
    _ envelope: RequestEnvelope<Request>,
    _ handler: @escaping @Sendable (Request) async throws -> Reply, on loop: EventLoop
  ) async throws -> Reply? {
    guard let milliseconds = envelope.milliseconds else {
      return try await handler(envelope.request)
    }
    return try await withThrowingTaskGroup(of: Reply?.self) { group in
      group.addTask { try await handler(envelope.request) }
      group.addTask {
        try await loop.sleep(for: .milliseconds(milliseconds))
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
  }

  private func answer(_ reply: ReplyEnvelope<Reply>, to delivery: ReceiverCore.Delivery) {
    let core = end.core.value
    do {
      let bytes = try MessageCoding.encode(reply, at: end.context).bytes
      guard bytes.count <= WireLimits.itemSize else {
        throw ProcessTreeError(LinkError.tooLarge(bytes.count))
      }
      core.reply(bytes, to: delivery)
    } catch {
      let failure = ReplyEnvelope<Reply>.failure(RemoteFailure(carrying: error))
      core.reply((try? MessagePackEncoder().encode(failure)) ?? [], to: delivery)
    }
  }
}
