internal import ProcessTreeLinks
internal import ProcessTreeWire

/// A node's view of what happens in its subtree: numbers, keeps the picture, informs subscribers,
/// and hands on to the parent.
final class EventHub {
  /// Lasts as long as the subscriber holds the queue: one who has turned away gathers no events.
  private struct Subscription {
    weak var queue: EventQueue?
    let path: NodePath
  }

  /// The picture, which any thread may look at.
  let picture: SubtreePicture
  /// How nodes below died, noted where somebody may ask for it.
  private(set) var deaths = Recent<NodePath, ExitReport>(capacity: 1_024)
  var remembersDeaths = false
  /// Called when a death has been noted.
  var onDeath: (() -> Void)?
  /// Called with each event, where a post-mortem is wanted.
  var recorder: ((LifecycleEvent) -> Void)?
  private var subscriptions: [Subscription] = []
  /// The last event of each node that was numbered here, and the time of the last that this node
  /// noticed.
  private var last: [NodePath: (number: UInt64, time: Int64)] = [:]
  /// Nodes about which more is to be reported when they have ended.
  private var unfinished: Set<NodePath> = []
  /// Encoded events for the parent, of this turn.
  private var outgoing: [[UInt8]] = []
  /// Whether events are handed on; false at the root.
  private let hasParent: Bool

  init(picture: SubtreePicture, hasParent: Bool) {
    self.picture = picture
    self.hasParent = hasParent
  }

  /// Events of the node at `path` and of those below it, from now on.
  func subscribe(to path: NodePath) -> LifecycleEvents {
    let queue = EventQueue()
    subscriptions.removeAll { $0.queue == nil }
    subscriptions.append(Subscription(queue: queue, path: path))
    return LifecycleEvents(queue: queue)
  }

  /// Takes an event that this node noticed about itself or one of its children, and numbers it.
  ///
  /// A child's events are numbered by its parent alone, so that there is one order; so what a child
  /// reports about itself comes here without a number.
  func emit(_ event: LifecycleEvent, about path: NodePath) {
    var event = event
    event.sequence = takeNumber(of: path, event.kind.number.phase)
    last[path]?.time = event.time
    deliver(event, about: path)
  }

  /// Goes on with the numbers of a node behind its end, until `close(_:)`.
  func keepOpen(_ path: NodePath) { unfinished.insert(path) }

  /// All about a node that has ended is reported.
  func close(_ path: NodePath) {
    if unfinished.remove(path) != nil { last[path] = nil }
  }

  /// The number of a node's next event, which is its last if that begins the phase `exited`.
  private func takeNumber(of path: NodePath, _ phase: ChildPhase?) -> UInt64 {
    let before = last[path] ?? (number: 0, time: .min)
    let isLast = phase == .exited && !unfinished.contains(path)
    last[path] = isLast ? nil : (before.number + 1, before.time)
    return before.number + 1
  }

  /// Takes an event that this node noticed and that has its number.
  func deliver(_ event: LifecycleEvent, about path: NodePath) {
    picture.apply(event, about: path)
    tell(event, about: path)
    if hasParent { outgoing.append(EventRecord(path: path, event: event).packed()) }
  }

  /// Takes the record of an event from a child's subtree, and hands on its bytes as they came.
  ///
  /// The event itself is read where somebody listens, and nowhere else. An event that a child
  /// reports about itself is numbered here, has the number of its life, and is no earlier than the
  /// last event that this node has reported about it; all else was numbered further down.
  ///
  /// - Returns: The event that the child reports about itself; nil for one about others.
  /// - Throws: `WireError` for bytes that are no record of a node of that subtree, and, where
  ///   somebody listens, for an event that cannot have happened.
  @discardableResult
  func receive(
    _ bytes: [UInt8], from child: NodePath, incarnation: Int = 1
  ) throws(WireError) -> EventKind? {
    guard bytes.count <= WireLimits.record else {
      throw WireError("an event has more than \(WireLimits.record) bytes")
    }
    var record = try EventRecord(packed: bytes)
    let path = record.path
    guard path.isWithin(child) else { throw WireError("an event that is none of the node's") }
    var event = isHeard(record) ? try record.event() : nil
    if path == child {
      record.sequence = takeNumber(of: path, record.phase)
      event?.sequence = record.sequence
      record.incarnation = incarnation
      event?.incarnation = incarnation
      record.time = max(record.time, last[path]?.time ?? .min)
      event?.time = record.time
    }
    picture.apply(record)
    if let event { tell(event, about: path) }
    if hasParent { outgoing.append(path == child ? record.packed() : bytes) }
    return path == child ? EventKind(rawValue: record.kind) : nil
  }

  /// Whether somebody at this node wants to know the event itself.
  private func isHeard(_ record: EventRecord) -> Bool {
    recorder != nil || remembersDeaths && record.kind == EventKind.exited.rawValue
      || subscriptions.contains { $0.queue != nil && record.path.isWithin($0.path) }
  }

  private func tell(_ event: LifecycleEvent, about path: NodePath) {
    if remembersDeaths, case .exited(let report) = event.kind, report.status?.exitCode != 0 {
      deaths.note(report, for: path)
      onDeath?()
    }
    for subscription in subscriptions where path.isWithin(subscription.path) {
      subscription.queue?.push(event)
    }
    recorder?(event)
  }

  /// Whether something is to be sent to the parent.
  var hasOutgoing: Bool { !outgoing.isEmpty }

  /// Takes what is to be sent to the parent.
  func takeOutgoing() -> [[UInt8]] {
    guard !outgoing.isEmpty else { return [] }
    defer { outgoing = [] }
    return outgoing
  }

  /// The subscription of a child that has gone ends after its last event.
  func finish(_ path: NodePath) {
    for subscription in subscriptions where subscription.path == path {
      subscription.queue?.finish()
    }
    subscriptions.removeAll { $0.path == path || $0.queue == nil }
  }

  func finishAll() {
    for subscription in subscriptions { subscription.queue?.finish() }
    subscriptions = []
  }
}
