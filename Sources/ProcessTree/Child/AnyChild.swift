internal import ProcessTreeBase
internal import ProcessTreeLinks
public import ProcessTreeProcessControl
public import ProcessTreeSupervision
internal import ProcessTreeWire

/// A child of this node, whatever its program returns; see ``Child`` for the result.
///
/// A child exists before it is started and after it has ended. It may be used from any thread and
/// from many tasks at once.
public class AnyChild: @unchecked Sendable {
  // Sendable: constants of such types; the compiler checks final classes only.

  /// The child's state that any thread may read; written on the loop, but for the start.
  struct State {
    var phase: ChildPhase = .declared
    var pid: Int32?
    var report: ExitReport?
    var outcome: RecordedOutcome?
    /// The messages of the edge, from the start on; they can be received after the child's end.
    var edge: Edge?
    /// Ends of channels on their way to the child: void at its end unless it has claimed them.
    var tickets: [ChannelTicket] = []
    /// Whether it was asked to drain, and what is done then.
    var isDraining = false
    var onDrain: @Sendable () -> Void = {}
  }

  let declaration: ChildDeclaration
  let node: LoopBound<NodeRuntime>
  let state = Lock(State())

  init(
    _ declaration: ChildDeclaration, carrying tickets: [ChannelTicket],
    of node: LoopBound<NodeRuntime>
  ) {
    self.declaration = declaration
    self.node = node
    state.withLock { $0.tickets = tickets }
  }

  deinit {
    // Never started: nobody will claim what it was to carry.
    let tickets = takeTickets()
    if !tickets.isEmpty { node.perform { $0.openChannels().revoke(tickets) } }
  }

  /// Calls `body` when the child is asked to drain, from any thread, and at once if that is so.
  package func whenDraining(_ body: @escaping @Sendable () -> Void) {
    let isDraining = state.withLock { state in
      state.onDrain = body
      return state.isDraining
    }
    if isDraining { body() }
  }

  /// Notes that the child is asked to drain.
  func beginDraining() {
    let body = state.withLock { state in
      state.isDraining = true
      return state.onDrain
    }
    body()
  }

  /// Notes ends that were sent to the child, the latest of them: older ones have long arrived.
  func carry(_ tickets: [ChannelTicket]) {
    guard !tickets.isEmpty else { return }
    state.withLock { state in
      state.tickets += tickets
      if state.tickets.count > 2 * Self.ticketsKept {
        state.tickets.removeFirst(state.tickets.count - Self.ticketsKept)
      }
    }
  }

  private static let ticketsKept = 4_096

  /// The ends that were sent to the child.
  var tickets: [ChannelTicket] { state.withLock { $0.tickets } }

  /// The ends that were sent to the child, for when it has gone.
  func takeTickets() -> [ChannelTicket] {
    state.withLock { state in
      defer { state.tickets = [] }
      return state.tickets
    }
  }

  /// The name: `Process-N1:…:Nk` unless one was given, where Nk counts the children of a node.
  public var name: String { declaration.name }

  /// The place in the tree, written like a default name; unique in a run.
  public var path: String { declaration.path.description }

  /// Where any node of the tree finds the child; for a supervised one, in all of its lives.
  public var address: NodeAddress { declaration.address }

  /// The number of the child's life, from 1 on; always 1 for a child that no supervisor keeps.
  public var incarnation: Int { declaration.incarnation }

  /// The number among the children of its parent, from 1 on; never reused.
  package var position: Int { Int(declaration.path.positions.last ?? 0) }

  /// Whether the child is stopped, and not joined, when this node ends.
  ///
  /// Set when it is made.
  public var isDaemon: Bool { declaration.isDaemon }

  /// The process; nil before the start.
  ///
  /// After the end it is the id that the process had.
  public var pid: Int32? { state.withLock { $0.pid } }

  /// Python's exit code: nil while the child has not ended, then 0 after a result, N after
  /// `node.exit(N)`, 1 after an uncaught error, -N after signal N.
  public var exitCode: Int32? { exitReport?.exitCode }

  /// Whether the child has been started and not yet been reaped.
  public var isAlive: Bool { phase > .declared && phase < .exited }

  /// Where the child is in its life.
  public var phase: ChildPhase { state.withLock { $0.phase } }

  /// All that is known about the child's end; nil before it.
  public var exitReport: ExitReport? { state.withLock { $0.report } }

  /// Starts the child; returns when it has reported that it is about to run its program.
  ///
  /// If the task is cancelled, the child is terminated and reaped.
  ///
  /// - Parameter timeout: How long to wait; without it the configuration's `startDeadline` holds
  ///   alone.
  /// - Throws: `alreadyStarted` at the second call; `nodeEnding`; a ``ChildFailure`` with the
  ///   reason if the child could not start; `deadlinePassed` after `timeout`, when the child has
  ///   been killed and reaped; `systemCallFailed` and `controlGroupUnavailable` if the node cannot
  ///   make an identity or a control group for it; `CancellationError`.
  public func start(timeout: Duration? = nil) async throws {
    try await node.waitForReady(self, timeout: timeout)
  }

  /// Waits until the child has ended and been reaped.
  ///
  /// The child goes on when the time is over or the task is cancelled: ``stop(reason:)`` ends it. A
  /// node whose program returns waits for its children, unless they are daemons.
  ///
  /// - Parameter timeout: How long to wait, without limit if `nil`; zero or less only looks.
  /// - Returns: The exit status; `nil` when the time is over.
  /// - Throws: `notStarted` before the start; `CancellationError`.
  @discardableResult
  public func join(timeout: Duration? = nil) async throws -> ExitStatus? {
    try requireStarted("join")
    return try await node.waitForExit(of: self, timeout: timeout)?.status
  }

  /// Requests that the child stop, then sends SIGTERM, then SIGKILL, each after its time; returns
  /// when it has been reaped.
  ///
  /// Its descendants are stopped with it, within the same deadline.
  ///
  /// - Parameter reason: The reason, which the child and its report have.
  /// - Returns: The exit status.
  /// - Throws: `notStarted` before the start, because no end would come to wait for;
  ///   `CancellationError`, while the stop goes on.
  @discardableResult
  public func stop(reason: String = "asked to stop") async throws -> ExitStatus? {
    try requireStarted("stop()")
    request(.drain, reason: reason)
    return try await node.waitForExit(of: self, timeout: nil)?.status
  }

  /// Lets the child finish the work that it has, and then stops it; returns when it has been
  /// reaped.
  ///
  /// The child gives back leased elements and requests that it has not begun, which go to other
  /// receivers or wait for one, and takes no new ones: the sequences of its receivers end, and so
  /// does ``Service/serve(limit:_:)``. What it has begun it finishes. ``Node/isDraining`` is true
  /// there, and a supervisor for whose end its program waits drains its children in turn. A child
  /// that has not ended within the time is stopped as by ``stop(reason:)``.
  ///
  /// Pipes, broadcasts and the messages of the edge go on, because what they carry cannot be given
  /// back.
  ///
  /// - Parameters:
  ///   - time: How long the child may take to finish its work.
  ///   - reason: The reason, which the child and its report have.
  /// - Returns: The exit status.
  /// - Throws: The errors of ``stop(reason:)``.
  @discardableResult
  public func drain(
    within time: Duration, reason: String = "asked to drain"
  ) async throws -> ExitStatus? {
    try requireStarted("drain()")
    request(reason: reason) { .drain($0, within: time) }
    return try await node.waitForExit(of: self, timeout: nil)?.status
  }

  /// Sends SIGTERM, and SIGKILL after the policy's time; does not wait.
  ///
  /// Nothing happens to a child that has no process: before the start, as after the end. Only calls
  /// that wait, such as ``stop(reason:)``, throw `notStarted`.
  public func terminate() {
    request(.terminate, reason: "terminate() was called")
  }

  /// Sends SIGKILL; does not wait.
  ///
  /// The child's descendants end with it. Nothing happens to a child that has not been started or
  /// has ended.
  public func kill() {
    request(.kill, reason: "kill() was called")
  }

  /// The events of the child and of everything below it, from now on.
  ///
  /// - Throws: `notStarted` before the start, because there is nothing to wait for yet.
  public var events: LifecycleEvents {
    get async throws {
      try requireStarted("events")
      let path = declaration.path
      return try await node.run { [self] runtime in
        let events = runtime.events.subscribe(to: path)
        // After the end there is nothing to wait for.
        if exitReport != nil { events.queue.finish() }
        return events
      }
    }
  }

  func requireStarted(_ what: String) throws(ProcessTreeError) {
    guard phase > .declared else {
      throw ProcessTreeError(
        .notStarted, "\(name) has not been started: call start() before \(what).")
    }
  }

  func request(_ step: ChildLifecycle.StopStep, reason: String) {
    request(reason: reason) { .stop(step, $0, within: nil) }
  }

  private func request(
    reason: String,
    _ input: @escaping @Sendable (StopRequest) -> ChildLife<RecordedOutcome>.Input
  ) {
    node.withController(of: self) { runtime, controller in
      // A node that is stopping cancels its tasks, which then stop its children: for the same
      // reason.
      let request =
        runtime.shared.stopRequest
        ?? runtime.identity.stopRequest(because: reason)
      controller?.handle(input(request))
    }
  }

  /// Begins the life of a child that nobody else has, on the loop.
  func beginOnLoop() throws {
    state.withLock { $0.phase = .starting }
    do {
      try node.value.begin(self)
    } catch {
      state.withLock { $0.phase = .declared }
      throw error
    }
  }

  /// Begins the child's life, once, and then calls `body` on the loop.
  func begin(_ body: @escaping @Sendable (NodeRuntime) -> Void) async throws {
    try await withThrowingTaskContinuation { (begun: TaskContinuation<Void, any Error>) in
      let start: @Sendable () -> Void = { [self] in
        do {
          try node.value.begin(self)
          body(node.value)
          begun.resume()
        } catch {
          state.withLock { $0.phase = .declared }
          begun.resume(throwing: error)
        }
      }
      let isFirst = state.withLock { state in
        guard state.phase == .declared else { return false }
        state.phase = .starting
        // Under the lock: a caller that sees the phase reaches the loop behind the start.
        if !node.loop.isCurrent { node.loop.perform(start) }
        return true
      }
      guard isFirst else {
        let text = "\(name) has been started before: make a new child to run it again."
        return begun.resume(throwing: ProcessTreeError(.alreadyStarted, text))
      }
      if node.loop.isCurrent { start() }
    }
  }
}
