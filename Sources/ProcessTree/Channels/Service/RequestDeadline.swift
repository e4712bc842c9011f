internal import ProcessTreeBase
internal import ProcessTreeLinks

/// The time by which a request has to have its reply, together with all that is requested for it.
///
/// It travels with requests over any number of nodes, as the time that is left, and holds for all
/// requests that a handler makes: see ``Node/deadline``. Each node counts the time by its own
/// clock, from the arrival of the request on. A node that receives a request late, because it is
/// busy or the connection is, knows of a deadline that is later by so much; when the requester's
/// own passes, which is exact, the handler is cancelled, and for it the deadline has passed too.
public struct RequestDeadline: Sendable, CustomStringConvertible {
  /// What stays the same at all nodes.
  struct Name: Hashable, Codable {
    let setBy: NodeAddress
    let length: Duration
  }

  let name: Name
  let due: SuspendingClock.Instant
  private let loop: EventLoop
  private let hasPassed = RequestExpiry()

  init(_ name: Name, due: SuspendingClock.Instant, on loop: EventLoop) {
    self.name = name
    self.due = due
    self.loop = loop
  }

  /// The deadline has passed at the node that requests.
  func pass() { hasPassed.set() }

  /// The node that set the deadline, by a `timeout`.
  public var setBy: NodeAddress { name.setBy }

  /// The time that there was at first.
  public var length: Duration { name.length }

  /// The time that is left, zero at least.
  public var remaining: Duration {
    hasPassed.isSet ? .zero : max(.zero, loop.timers.now.duration(to: due))
  }

  /// The time that there was at first, and the node that set the deadline.
  public var description: String { "the deadline of \(length.inShort) that \(setBy) set" }

  // MARK: In tasks

  /// The deadline of the current task.
  @TaskLocal static var current: RequestDeadline?

  /// The error of a wait that the deadline ends.
  var passed: ProcessTreeError { passed(because: nil) }

  func passed(because reason: String?) -> ProcessTreeError {
    let reason = reason.map { "; \($0)" } ?? ""
    return ProcessTreeError(
      .deadlinePassed, "There was no reply in time: \(self) has passed\(reason).")
  }

  /// The sooner of the current deadline and one that a node sets now; nil if there is neither.
  static func soonest(
    within timeout: Duration?, setBy address: NodeAddress, on loop: EventLoop
  ) -> RequestDeadline? {
    guard let timeout else { return current }
    let length = max(.zero, timeout)
    let due = loop.timers.now.after(length)
    if let current, current.due < due { return current }
    return RequestDeadline(Name(setBy: address, length: length), due: due, on: loop)
  }

  /// Throws if the deadline has passed.
  func check() throws(ProcessTreeError) {
    if remaining == .zero { throw passed }
  }

  /// Runs `body`, and cancels it once the deadline has passed and `late` has looked at it; then the
  /// result is nil.
  func race<Value: Sendable>(
    on loop: EventLoop, late: @Sendable () async throws -> Void = {},
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await loop.sleep(for: remaining)
        return nil
      }
      defer { group.cancelAll() }
      if let value = try await group.next() ?? nil { return value }
      try await late()
      return nil
    }
  }
}

/// Whether a deadline is over, by the requester's clock.
private final class RequestExpiry: Sendable {
  private let state = Lock(false)

  var isSet: Bool { state.withLock(\.self) }

  func set() { state.withLock { $0 = true } }
}

extension Node {
  /// The deadline of the request that the current task replies to, or of the surrounding
  /// ``withTimeout(_:_:)`` if that is sooner; `nil` if there is none.
  ///
  /// Requests that the task makes have it too, and its children tasks.
  public var deadline: RequestDeadline? { RequestDeadline.current }
}
