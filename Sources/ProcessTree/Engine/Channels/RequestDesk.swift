internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The handling of one service's requests: which are being answered, and which nobody waits for.
///
/// Its workers are tasks that handle one request after the other. Belongs to the loop.
final class RequestDesk<Request: Codable & Sendable, Reply: Codable & Sendable>: @unchecked Sendable
{
  // Sendable: used on the loop alone, where its tasks run too.

  typealias Handler = @Sendable (Request) async throws -> Reply

  private let end: ReceiverEnd
  private let limit: Int
  private let handler: Handler
  private let coder: EnvelopeCoder
  private var workers: [RequestWorker] = []
  private var isStopping = false
  private var failure: (any Error)?
  /// A worker has ended.
  private let oneHasEnded = Condition()

  init(_ end: ReceiverEnd, limit: Int, _ handler: @escaping Handler) {
    self.end = end
    self.limit = limit
    self.handler = handler
    coder = EnvelopeCoder(end.context)
  }

  /// Answers requests until the end of the channel.
  func serve() async throws {
    let core = end.core.value
    core.onCancel = { [unowned self] flow, link, sequence, isLate in
      let worker = workers.first { $0.handles(flow, ObjectIdentifier(link), sequence) }
      if isLate { worker?.deadline?.pass() }
      worker?.task?.cancel()
    }
    defer {
      core.onCancel = nil
      isStopping = true
      for worker in workers { worker.task?.cancel() }
    }
    try Task.checkCancellation()
    addWorker()
    while !workers.isEmpty {
      await oneHasEnded.wait()
      try Task.checkCancellation()
      if let failure { throw failure }
    }
  }

  // MARK: Workers

  /// A worker with nothing to do is kept beside the one that waits for the next request, so that
  /// requests one after the other make no tasks.
  private static var mostIdle: Int { 2 }

  private func addWorker() {
    let worker = RequestWorker()
    workers.append(worker)
    // The task has not begun: it runs on the loop, in a later job.
    worker.task = Task(executorPreference: end.loop) { [self] in
      let wasCancelled = await work(worker)
      workers.removeAll { $0 === worker }
      // The next request must not find itself cancelled.
      if wasCancelled, !isStopping { addWorker() }
      oneHasEnded.wakeAll()
    }
  }

  private func idleWorkers() -> Int { workers.reduce(0) { $0 + ($1.isBusy ? 0 : 1) } }

  /// Handles requests; whether the last of them was cancelled.
  private func work(_ worker: RequestWorker) async -> Bool {
    do {
      while let delivery = try await end.next(after: nil) {
        worker.begin(delivery)
        // Somebody has to wait for the next request.
        if limit > 1, workers.count < limit, idleWorkers() == 0 { addWorker() }
        await answer(delivery, worker)
        worker.end()
        if Task.isCancelled { return true }
        if limit > 1, idleWorkers() > Self.mostIdle { return false }
      }
    } catch {
      failure = failure ?? error
    }
    return false
  }

  // MARK: Requests

  private func answer(_ delivery: ReceiverCore.Delivery, _ worker: RequestWorker) async {
    guard !delivery.isCancelled else { return reply(EnvelopeCoder.late, to: delivery) }
    do {
      let (name, offset) = try decoding(delivery) { try coder.decodeDeadline(in: $0) }
      let request = try decoding(delivery) { try coder.decode(Request.self, in: $0, at: offset) }
      guard let name, let due = delivery.due else {
        return reply(try encode(try await handler(request)), to: delivery)
      }
      let deadline = RequestDeadline(name, due: due, on: end.loop)
      worker.deadline = deadline
      reply(try await handle(request, by: deadline), to: delivery)
    } catch {
      // One that was interrupted by the end of its service is another server's to answer.
      if isStopping, error is CancellationError { return }
      reply(failure: error, to: delivery)
    }
  }

  private func decoding<Value>(
    _ delivery: ReceiverCore.Delivery, _ body: (UnsafeRawBufferPointer) throws -> Value
  ) throws -> Value {
    do {
      return try delivery.withItem(body)
    } catch {
      throw ProcessTreeError(.messageNotDecodable, "An item is no \(Request.self): \(error)")
    }
  }

  /// The handler's reply; that it is late when the request's time is over before.
  private func handle(_ request: Request, by deadline: RequestDeadline) async throws -> [UInt8] {
    guard deadline.remaining > .zero else { return EnvelopeCoder.late }
    return try await RequestDeadline.$current.withValue(deadline) {
      let reply = try await deadline.race(on: end.loop) {
        try self.encode(try await self.handler(request))
      }
      return reply ?? EnvelopeCoder.late
    }
  }

  private func encode(_ reply: Reply) throws -> [UInt8] {
    let bytes = try coder.encode(.reply, reply)
    guard bytes.count <= WireLimits.itemSize else {
      throw ProcessTreeError(LinkError.tooLarge(bytes.count))
    }
    return bytes
  }

  private func reply(_ bytes: [UInt8], to delivery: ReceiverCore.Delivery) {
    end.core.value.reply(bytes, to: delivery)
  }

  private func reply(failure error: any Error, to delivery: ReceiverCore.Delivery) {
    let failure = RemoteFailure(carrying: error)
    reply((try? coder.encode(.failure, failure)) ?? [], to: delivery)
  }
}

/// A task of a service, and the request that it handles.
///
/// Belongs to the loop.
private final class RequestWorker: @unchecked Sendable {
  // Sendable: used on the loop alone, where its task runs too.
  // Unchecked, because each request touches it.
  @exclusivity(unchecked) var task: Task<Void, Never>?
  @exclusivity(unchecked) var deadline: RequestDeadline?
  @exclusivity(unchecked) private var request:
    (flow: UInt32, link: ObjectIdentifier, sequence: UInt64)?

  var isBusy: Bool { request != nil }

  func begin(_ delivery: ReceiverCore.Delivery) {
    request = (delivery.flowID, delivery.linkID, delivery.sequence)
  }

  func end() {
    request = nil
    deadline = nil
  }

  func handles(_ flow: UInt32, _ link: ObjectIdentifier, _ sequence: UInt64) -> Bool {
    guard let request else { return false }
    return request == (flow, link, sequence)
  }
}
