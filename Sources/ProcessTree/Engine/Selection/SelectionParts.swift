internal import ProcessTreeLinks
internal import ProcessTreeMessagePack

/// One source of a selection, where it is iterated.
///
/// Belongs to the loop.
protocol SelectionPart<Event>: AnyObject {
  associatedtype Event: Sendable

  /// The next event if it is there.
  ///
  /// What was taken last is done with, of whichever part it was.
  func take() throws -> SelectionLook<Event>

  /// The program is done with the event that was taken last.
  func settle()

  /// Calls `body` once `take` may have something else to say.
  ///
  /// - Returns: What takes that back.
  func whenChanged(_ body: @escaping () -> Void) -> () -> Void
}

enum SelectionLook<Event> {
  case event(Event)
  case nothing
  /// Nothing comes any more.
  case over
}

/// The parts of a selection, which take turns.
///
/// Belongs to the loop.
final class SelectionParts<Event: Sendable> {
  /// Those that are not over, the one whose turn it is first.
  private var parts: [any SelectionPart<Event>]

  init(_ sources: [SelectionSource<Event>]) throws {
    parts = try sources.map { try $0.makePart() }
  }

  /// The next event; nil when all parts are over.
  func next(at node: LoopBound<NodeRuntime>) async throws -> Event? {
    // The event before may be of a part that is over now.
    for part in parts { part.settle() }
    while true {
      try Task.checkCancellation()
      if let event = try take() { return event }
      guard !parts.isEmpty else { return nil }
      let bound = LoopBound(self, on: node.loop)
      await node.lendingSlot {
        _ = await node.wait { (wait: LoopBound<Wait<Void>>) in bound.value.register(wait.value) }
      }
    }
  }

  private func take() throws -> Event? {
    for _ in parts.indices {
      let part = parts.removeFirst()
      let look: SelectionLook<Event>
      do {
        look = try part.take()
      } catch {
        parts.append(part)
        throw error
      }
      guard case .over = look else {
        parts.append(part)
        if case .event(let event) = look { return event }
        continue
      }
    }
    return nil
  }

  /// Ends the wait with the first change of a part, or when the task is cancelled.
  private func register(_ wait: Wait<Void>) {
    var withdrawals: [() -> Void] = []
    var hasChanged = false
    for part in parts {
      let withdraw = part.whenChanged {
        guard !hasChanged else { return }
        hasChanged = true
        let others = withdrawals
        withdrawals = []
        for withdraw in others { withdraw() }
        wait.end(())
      }
      guard !hasChanged else {
        withdraw()
        return
      }
      withdrawals.append(withdraw)
    }
    wait.expect {
      hasChanged = true
      for withdraw in withdrawals { withdraw() }
    }
  }
}

/// The elements of a channel.
final class ReceiverPart<Element: Codable & Sendable, Event: Sendable>: SelectionPart {
  private let decoded: DecodedElements<Element>
  private let body: (Element) -> Event
  private var last: ReceiverCore.Delivery?
  /// The program has been told that nothing comes.
  private var hasFailed = false

  init(_ decoded: DecodedElements<Element>, _ body: @escaping (Element) -> Event) {
    self.decoded = decoded
    self.body = body
  }

  private var core: ReceiverCore { decoded.end.core.value }

  func settle() {
    if let last { core.acknowledge(last) }
    last = nil
  }

  func take() throws -> SelectionLook<Event> {
    try decoded.end.use()
    if let element = try takeElement() { return .event(body(element)) }
    guard core.isAtEnd else { return .nothing }
    guard !hasFailed else { return .over }
    do { try core.checkFailure() } catch {
      hasFailed = true
      throw ProcessTreeError(error)
    }
    return .over
  }

  private func takeElement() throws -> Element? {
    guard decoded.end.isLeased else { return try decoded.takeAtOnce() }
    last = core.take()
    return try last.map { try decoded.decode($0) }
  }

  func whenChanged(_ body: @escaping () -> Void) -> () -> Void { core.whenItemComes(body) }
}

/// The messages over an edge.
final class EdgePart<Message: Decodable & Sendable, Event: Sendable>: SelectionPart {
  private let messages: EdgeMessages<Message>
  private let decoder: MessagePackDecoder
  private let body: (Message) -> Event

  init(_ messages: EdgeMessages<Message>, _ body: @escaping (Message) -> Event) {
    self.messages = messages
    decoder = MessageCoding.decoder(at: messages.edge.context)
    self.body = body
  }

  func settle() {}

  func take() throws -> SelectionLook<Event> {
    let receiver = messages.edge.receiver
    if let item = receiver.take() { return .event(body(try messages.decode(item, with: decoder))) }
    return receiver.isAtEnd ? .over : .nothing
  }

  func whenChanged(_ body: @escaping () -> Void) -> () -> Void {
    messages.edge.receiver.whenItemComes(body)
  }
}

/// The end of a child.
final class EndPart<Event: Sendable>: SelectionPart {
  private let child: AnyChild
  private let body: (ExitReport) -> Event
  private var hasTold = false

  init(_ child: AnyChild, _ body: @escaping (ExitReport) -> Event) {
    self.child = child
    self.body = body
  }

  func settle() {}

  func take() -> SelectionLook<Event> {
    guard !hasTold else { return .over }
    guard let report = child.exitReport else { return .nothing }
    hasTold = true
    return .event(body(report))
  }

  func whenChanged(_ body: @escaping () -> Void) -> () -> Void {
    let node = child.node
    let wait = LoopBound(EndWait(body), on: node.loop)
    node.withController(of: child) { _, controller in wait.value.begin(controller?.exitWaiters) }
    return { wait.value.withdraw() }
  }
}

/// A wait for the end of a child, whose start may still be in the loop's queue.
private final class EndWait {
  private var body: (() -> Void)?
  private var waiters: Waiters<ExitReport>?
  private var id: UInt64?

  init(_ body: @escaping () -> Void) { self.body = body }

  func begin(_ waiters: Waiters<ExitReport>?) {
    guard body != nil else { return }
    guard let waiters else { return end() }
    self.waiters = waiters
    id = waiters.add(within: nil) { [self] _ in end() }
  }

  func withdraw() {
    body = nil
    if let id { waiters?.cancel(id) }
  }

  private func end() {
    let body = body
    self.body = nil
    body?()
  }
}
