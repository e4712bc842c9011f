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
  private var running: [Key: (task: Task<Void, Never>, deadline: RequestDeadline?)] = [:]
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
    core.onCancel = { [unowned self] flow, link, sequence, isLate in
      let key = Key(flow: flow, link: ObjectIdentifier(link), sequence: sequence)
      if isLate { running[key]?.deadline?.pass() }
      running[key]?.task.cancel()
    }
    defer {
      core.onCancel = nil
      isStopping = true
      for request in running.values { request.task.cancel() }
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
    guard !delivery.isCancelled else { return answer(.late, to: delivery) }
    let decoder = ElementDecoder(end.context)
    let envelope = Result {
      try decoder.decode(RequestEnvelope<Request>.self, from: delivery)
    }
    let deadline = delivery.due.flatMap { due in
      (try? envelope.get())?.deadline.map { RequestDeadline($0, due: due, on: end.loop) }
    }
    let task = Task(executorPreference: end.loop) { [self] in
      do {
        let reply = try await handle(try envelope.get().request, by: deadline, handler)
        answer(reply.map { .reply($0) } ?? .late, to: delivery)
      } catch {
        // One that was interrupted by the end of its service is another server's to answer.
        let isInterrupted = isStopping && error is CancellationError
        if !isInterrupted { answer(.failure(RemoteFailure(carrying: error)), to: delivery) }
      }
      running[key] = nil
      oneIsDone.wakeAll()
    }
    // The task has not begun: it runs on the loop, in a later job.
    running[key] = (task, deadline)
  }

  /// The handler's reply; nil when the request's time is over before.
  private func handle(
    _ request: Request, by deadline: RequestDeadline?,
    _ handler: @escaping @Sendable (Request) async throws -> Reply
  ) async throws -> Reply? {
    guard let deadline else { return try await handler(request) }
    guard deadline.remaining > .zero else { return nil }
    return try await RequestDeadline.$current.withValue(deadline) {
      try await deadline.race(on: end.loop) { try await handler(request) }
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
