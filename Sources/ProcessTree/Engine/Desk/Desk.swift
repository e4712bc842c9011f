internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// Where the root of a run answers its user's other processes: a socket in the run's directory.
///
/// It costs a run nothing that nobody looks at. Belongs to the loop.
final class Desk {
  /// The most clients at a time, but for those that only wait for the end of the run.
  private static let mostConnections = 32
  /// The most clients that wait for that; each costs a descriptor and nothing else.
  private static let mostWaiting = 256
  /// How long a client that does nothing keeps its place while others wait for one.
  private static let shortestIdle = Duration.milliseconds(100)
  /// How many descriptors have to be free, so that clients do not take them from nodes.
  private static let descriptors = 2 * mostConnections
  /// The most bytes of answers that wait for clients to take them.
  private static let mostUnsent = 16 * WireLimits.frameSize
  /// How long clients have at the end of the run to take what waits for them, and before that the
  /// disk.
  private static let lastAnswers: Duration = .milliseconds(500)
  /// How long each node has to answer for a look at the tree.
  private static let patience = Duration.seconds(1)

  private unowned let runtime: NodeRuntime
  private let listener: WatchedDescriptor
  private var connections: [ObjectIdentifier: DeskConnection] = [:]
  /// How many clients wait for the end of the run.
  private var endsAwaited = 0
  /// What nodes write, for clients that read it.
  let output = DeskOutput()

  /// Listens; the socket is removed with the run's directory.
  init(of runtime: NodeRuntime) throws {
    self.runtime = runtime
    // Where they are few, they belong to the tree.
    try FreeDescriptors.demand(Self.descriptors, for: "the desk of a run")
    let path = runtime.directory.desk
    listener = WatchedDescriptor(
      try LocalListener.make(at: path, backlog: Self.mostConnections), on: runtime.loop)
    try listener.watch(for: .read) { [unowned self] in accept() }
  }

  private func accept() {
    guard hasPlace else { return pauseAccepting(for: Self.shortestIdle) }
    do throws(ProcessControlError) {
      guard let made = try LocalConnection.accept(at: listener.number) else { return }
      let (pid, user) = (made.pid, made.user)
      guard user == geteuid() || user == 0 else {
        return runtime.noteRefusal("Process \(pid) of user \(user) may not use the run's socket.")
      }
      add(made.takeDescriptor(), pid, user)
    } catch {
      // Without descriptors it would be ready again at once, and nobody would be served.
      pauseAccepting(for: .seconds(1))
    }
  }

  /// Whether another client has a place: one that has done nothing for a while makes room.
  private var hasPlace: Bool {
    guard connections.count >= Self.mostConnections else { return true }
    let waiting = connections.values.count { $0.onlyAwaitsEnd }
    if waiting < Self.mostWaiting, connections.count - waiting < Self.mostConnections,
      (try? FreeDescriptors.demand(Self.descriptors, for: "a client of the run")) != nil
    {
      return true
    }
    let idle = connections.values.compactMap { connection in
      connection.idleTime.map { (connection, $0) }
    }
    guard let (connection, time) = idle.max(by: { $0.1 < $1.1 }), time >= Self.shortestIdle else {
      return false
    }
    connection.close()
    return true
  }

  /// Leaves clients in the listener's queue for a while.
  private func pauseAccepting(for time: Duration) {
    listener.unwatch()
    _ = runtime.loop.timers.schedule(after: time) { [weak self] in
      try? self?.listener.watch(for: .read) { [weak self] in self?.accept() }
    }
  }

  private func add(_ descriptor: consuming Descriptor, _ pid: Int32, _ user: UInt32) {
    guard
      let connection = try? DeskConnection(descriptor, pid: pid, user: user, on: runtime.loop)
    else { return }
    let key = ObjectIdentifier(connection)
    connections[key] = connection
    connection.onRequest = { [weak self, unowned connection] in
      self?.answer($0, to: connection)
    }
    connection.mayKeep = { [weak self] count in
      guard let self else { return false }
      return connections.values.reduce(count) { $0 + $1.unsentCount } <= Self.mostUnsent
    }
    connection.onSent = { [weak self, unowned connection] in
      self?.output.tellWhatWasDropped(to: connection)
    }
    connection.onClose = { [weak self, unowned connection] in
      self?.output.forget(connection)
      self?.connections[key] = nil
    }
  }

  /// Ends what clients follow, once all that nodes have written is known.
  func finish() {
    if let keeper = output.keeper {
      // Output that waits for the disk comes first, so that readers find it.
      awaitWriting(of: keeper)
      keeper.stop()
    }
    output.finish()
    var isWritten = output.keeper == nil
    output.keeper?.afterAll { _ in isWritten = true }
    turn {
      isWritten && endsAwaited == 0 && connections.values.allSatisfy { $0.unsentCount == 0 }
    }
  }

  private func awaitWriting(of keeper: OutputKeeper) {
    var isWritten = false
    keeper.afterAll { _ in isWritten = true }
    turn { isWritten }
  }

  /// Turns the loop until something holds, for as long as clients have at the end.
  private func turn(until isEnough: () -> Bool) {
    var isOver = false
    let timer = runtime.loop.timers.schedule(after: Self.lastAnswers) { isOver = true }
    runtime.loop.run { isOver || isEnough() }
    runtime.loop.timers.cancel(timer)
  }

  // MARK: Requests

  private func answer(_ request: DeskRequest, to connection: DeskConnection) {
    let number = request.number
    let requester = Requester(pid: connection.pid, user: connection.user)
    let bound = LoopBound(connection, on: runtime.loop)
    let reply: @Sendable (DeskAnswer.Content) -> Void = { content in
      bound.perform { $0.send(DeskAnswer(number, content)) }
    }
    let node = Node(LoopBound(runtime, on: runtime.loop))
    switch request.purpose {
    case .stopRun(let milliseconds, let reason):
      reply(.done)
      runtime.requestStop(
        StopRequest(requestedBy: "\(requester)", reason: reason),
        within: milliseconds.map { .milliseconds($0) }, signal: SIGTERM)
    case .end:
      endsAwaited += 1
      let desk = LoopBound(self, on: runtime.loop)
      begin {
        reply(.result(await Self.end(of: node)))
        desk.perform { $0.endsAwaited -= 1 }
      }
    case .status: reply(.status(runtime.status))
    case .output(let patterns, let lines, let follows):
      output.begin(
        DeskOutput.Reader(connection, number, patterns), lines: lines, follows: follows)
    case .allOutput(let patterns, let follows):
      output.beginAll(DeskOutput.Reader(connection, number, patterns), follows: follows)
    case .tree:
      begin {
        guard let found = try? await node.explainTree(within: Self.patience) else {
          return reply(.failed(.unreachable, "The root is ending."))
        }
        for explanation in found { reply(.node(explanation)) }
        reply(.done)
      }
    case .explain(let text, let stacks):
      begin(at: text, reply) { address in
        do {
          let found =
            address == .root && !stacks
            ? try await node.runtime.run { $0.explanation() }
            : try await node.explain(address, within: Self.patience, stacks: stacks)
          reply(.node(found))
          reply(.done)
        } catch let error as ProcessTreeError {
          reply(.failed(error.code == .noSuchNode ? .noSuchNode : .unreachable, error.message))
        } catch {
          reply(.failed(.unreachable, "\(error)"))
        }
      }
    case .operate(let text, let operation):
      let operation = NodeOperation(
        operation.verb, number: operation.number, within: operation.time,
        reason: "\(requester) asked: \(operation.reason)")
      begin(at: text, reply) { address in
        let question = AddressQuestion(address, .operate(operation))
        let answer = try? await node.ask(question, within: operation.time + Self.patience)
        let late = AddressAnswer.failed(
          .deadlinePassed, "No answer came within \(operation.time.inShort).")
        reply(DeskAnswer.Content(answer.flatMap { $0 } ?? late))
      }
    }
  }

  /// How many nodes that had to be ended by a signal are named.
  private static let mostForced = 8

  /// Waits for the end of all events; the result names the nodes that did not end when they were
  /// asked.
  private static func end(of node: Node) async -> OperationResult {
    let start = ContinuousClock.now
    var forced: [String] = []
    guard let events = try? await node.events else { return OperationResult(.stopped) }
    for await event in events {
      guard case .exited(let report) = event.kind, report.stopRequest != nil,
        let signal = report.status?.signalName, forced.count < mostForced
      else { continue }
      let time = start.duration(to: .now).inShort
      forced.append("\(event.node) had to be ended by \(signal) after \(time)")
    }
    guard !forced.isEmpty else { return OperationResult(.stopped) }
    return OperationResult(.killed, account: forced.joined(separator: "; "))
  }

  private func begin(_ body: @escaping @Sendable () async -> Void) {
    Task(executorPreference: runtime.loop) { await body() }
  }

  private func begin(
    at text: String, _ reply: (DeskAnswer.Content) -> Void,
    _ body: @escaping @Sendable (NodeAddress) async -> Void
  ) {
    guard let address = NodeAddress(text) else {
      return reply(.failed(.noSuchNode, "\(text.quotation.debugDescription) is no address."))
    }
    begin { await body(address) }
  }

  /// The process that asked, as far as the kernel knows.
  private struct Requester: CustomStringConvertible {
    let description: String

    init(pid: Int32, user: UInt32) {
      let command = Files.text(of: "/proc/\(pid)/comm").map { $0.filter { $0 != "\n" } }
      description = "\(command ?? "a process") (pid \(pid), user \(user))".withoutControlCharacters
    }
  }
}
