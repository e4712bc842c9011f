internal import ProcessTreeLinks
internal import ProcessTreeMessagePack

/// One source of a selection, where it is iterated.
///
/// Belongs to the loop.
protocol SelectionPart<Event>: AnyObject {
  associatedtype Event: Sendable

  /// The child for whose end the part waits, as its node describes it.
  var awaitedChild: String? { get }

  /// Begins to use the source.
  func begin()

  /// The next event if it is there.
  ///
  /// An error that comes again and again is thrown once, and ends the part.
  func take() throws -> SelectionLook<Event>

  /// The program is done with the event that was taken last, of whichever part it was.
  func settle()

  /// Calls `body` once `take` may have another result.
  ///
  /// - Returns: What takes that back.
  func whenChanged(_ body: @escaping () -> Void) -> () -> Void
}

extension SelectionPart {
  var awaitedChild: String? { nil }
  func begin() {}
  func settle() {}
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
  private var hasBegun = false

  init(_ sources: [SelectionSource<Event>], on loop: EventLoop) throws {
    parts = try sources.map { try $0.makePart(loop) }
  }

  /// The next event; nil when all parts are over.
  func next(at node: LoopBound<NodeRuntime>) async throws -> Event? {
    // All of them: one that always has something must not keep others from beginning.
    if !hasBegun { for part in parts { part.begin() } }
    hasBegun = true
    // The event before may be of a part that is over now.
    for part in parts { part.settle() }
    while true {
      try Task.checkCancellation()
      if let event = try take() { return event }
      guard !parts.isEmpty else { return nil }
      await wait(at: node)
    }
  }

  private func wait(at node: LoopBound<NodeRuntime>) async {
    let bound = LoopBound(self, on: node.loop)
    func wait() async {
      await node.lendingSlot {
        _ = await node.wait { (wait: LoopBound<Wait<Void>>) in bound.value.register(wait.value) }
      }
    }
    let children = parts.compactMap(\.awaitedChild)
    guard !children.isEmpty else { return await wait() }
    await node.noting(.end, { children }, wait)
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

/// The receiving end of a channel, as far as parts need it.
private struct SelectedReceiver<Element: Codable & Sendable> {
  let decoded: DecodedElements<Element>
  /// The program has been informed that nothing comes.
  private var hasFailed = false

  init(_ decoded: DecodedElements<Element>) { self.decoded = decoded }

  var core: ReceiverCore { decoded.end.core.value }

  /// What `element` finds; otherwise whether something may come.
  mutating func look<Event>(
    _ element: (DecodedElements<Element>) throws -> Event?
  ) throws -> SelectionLook<Event> {
    guard !hasFailed else { return .over }
    do throws(ProcessTreeError) { try decoded.end.use() } catch { throw failure(error) }
    if let event = try element(decoded) { return .event(event) }
    guard core.isAtEnd else { return .nothing }
    do throws(LinkError) { try core.checkFailure() } catch {
      throw failure(ProcessTreeError(error))
    }
    return .over
  }

  private mutating func failure(_ error: ProcessTreeError) -> ProcessTreeError {
    hasFailed = true
    return error
  }
}

/// The elements of a channel.
final class ElementPart<Element: Codable & Sendable, Event: Sendable>: SelectionPart {
  private var receiver: SelectedReceiver<Element>
  private let body: (Element) -> Event
  private var last: ReceiverCore.Delivery?

  init(_ decoded: DecodedElements<Element>, _ body: @escaping (Element) -> Event) {
    receiver = SelectedReceiver(decoded)
    self.body = body
  }

  func begin() { receiver.core.activate() }

  func settle() {
    if let last { receiver.core.acknowledge(last) }
    last = nil
  }

  func take() throws -> SelectionLook<Event> {
    try receiver.look { decoded in
      guard decoded.end.isLeased else { return try decoded.takeAtOnce().map(body) }
      last = decoded.end.core.value.take()
      return try last.map { body(try decoded.decode($0)) }
    }
  }

  func whenChanged(_ body: @escaping () -> Void) -> () -> Void { receiver.core.whenItemComes(body) }
}

/// The elements of a channel as deliveries.
final class DeliveryPart<Element: Codable & Sendable, Event: Sendable>: SelectionPart {
  private var receiver: SelectedReceiver<Element>
  private let body: (Delivery<Element>) -> Event

  init(_ decoded: DecodedElements<Element>, _ body: @escaping (Delivery<Element>) -> Event) {
    receiver = SelectedReceiver(decoded)
    self.body = body
  }

  func begin() { receiver.core.activate() }

  func take() throws -> SelectionLook<Event> {
    try receiver.look { try $0.takeDeliveryAtOnce().map(body) }
  }

  func whenChanged(_ body: @escaping () -> Void) -> () -> Void { receiver.core.whenItemComes(body) }
}

/// The messages over an edge.
final class MessagePart<Message: Decodable & Sendable, Event: Sendable>: SelectionPart {
  private let messages: EdgeMessages<Message>
  private let decoder: MessagePackDecoder
  private let body: (Message) -> Event
  private var hasFailed = false

  init(_ messages: EdgeMessages<Message>, _ body: @escaping (Message) -> Event) {
    self.messages = messages
    decoder = MessageCoding.decoder(at: messages.edge.context)
    self.body = body
  }

  func take() throws -> SelectionLook<Event> {
    let receiver = messages.edge.receiver
    guard !hasFailed else { return .over }
    guard !receiver.isWaiting else {
      hasFailed = true
      throw ProcessTreeError(LinkError.alreadyReceiving)
    }
    if let item = receiver.take() {
      return .event(body(try messages.decode(item, with: decoder)))
    }
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
  private var isOver = false

  init(_ child: AnyChild, _ body: @escaping (ExitReport) -> Event) {
    self.child = child
    self.body = body
  }

  var awaitedChild: String? { isOver ? nil : child.subject }

  func take() throws -> SelectionLook<Event> {
    guard !isOver else { return .over }
    if let report = child.exitReport {
      isOver = true
      return .event(body(report))
    }
    // Also a start that was refused while this waited.
    do throws(ProcessTreeError) { try child.requireStarted("select") } catch {
      isOver = true
      throw error
    }
    return .nothing
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

extension DecodedElements {
  /// These elements, for a selection on `loop`.
  func on(_ loop: EventLoop) throws(ProcessTreeError) -> DecodedElements {
    try requireLoop(end.loop, loop)
    return self
  }
}

/// Refuses a source of another node of this process.
func requireLoop(_ own: EventLoop, _ loop: EventLoop) throws(ProcessTreeError) {
  guard own === loop else {
    throw ProcessTreeError(
      .invalidConfiguration,
      "A source of a selection belongs to another node: select(_:) waits for its own node's alone.")
  }
}
