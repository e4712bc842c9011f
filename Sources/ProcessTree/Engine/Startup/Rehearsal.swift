internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A child's life, simulated within the root from its record to its goodbye; it has a child of its
/// own.
struct Rehearsal {
  /// A program with so many levels of children below it, of which the last wait for messages.
  struct Program: NodeProgram {
    var depth: Int

    func run(in node: Node) async throws -> Int {
      guard depth > 0 else {
        await waitForMessages(of: node.parent)
        return 0
      }
      try await Self(depth: depth - 1).runInGroup(of: node)
      return 0
    }

    /// Waits for what nobody sends, and gives up at once.
    private func waitForMessages(of parent: ParentNode?) async {
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          guard let messages = try? await parent?.messages(of: Int.self) else { return }
          _ = try? await messages.first { _ in true }
        }
        await Task.yield()
        group.cancelAll()
      }
    }
  }

  /// The time limit; it takes about two milliseconds.
  private static let deadline: Duration = .milliseconds(100)

  private let loop: EventLoop
  private let root: NodeIdentity
  private let secret: NodeSecret

  init(for root: NodeIdentity, on loop: EventLoop) {
    self.root = root
    self.loop = loop
    secret = NodeSecret(Secret { _ in }, of: root.path)
  }

  /// Runs the simulation; the process has its former threads and descriptors afterwards, and the
  /// loop no timers.
  func run() throws {
    var isDone = false
    let listener = makeListener { isDone = true }
    let ends = try Descriptors.makeSocketPair()
    try Bootstrap.write(try makeRecord(), secret.child(1), to: ends.first.number)
    let (record, own) = try Bootstrap.read(from: ends.second.number)
    listener.join(try FrameStream(ends.first, on: loop), of: 1)
    let nodes = RehearsedNodes(for: root, on: loop)
    defer { nodes.clear() }
    let child = try nodes.start(record, own, over: try FrameStream(ends.second, on: loop))
    turn { isDone }
    child.handle(.released)
  }

  private func turn(until isDone: () -> Bool) {
    var isLate = false
    let timer = loop.timers.schedule(after: Self.deadline) { isLate = true }
    loop.run { isDone() || isLate }
    loop.timers.cancel(timer)
  }

  private func makeListener(whenDone: @escaping () -> Void) -> EdgeListener {
    let handlers = EdgeListener.Handlers(
      admitted: { _, _ in },
      frame: { _, frame in
        if case .goodbye? = try? ControlMessage(frame: Array(frame)) { whenDone() }
      },
      refused: { _ in whenDone() })
    let listener = EdgeListener(build: root.build, secret: secret, handlers: handlers)
    listener.expect(1, attempt: 1, name: "rehearsal")
    return listener
  }

  private func makeRecord() throws -> BootstrapRecord {
    let program = try ProgramReference(Program.self, listed: RehearsedNodes.programs)
    // Nobody listens there, and nobody connects.
    let links = "ipc://" + RunDirectory(path: root.run.directory).socket(of: root.pid, "l")
    return BootstrapRecord(
      run: .init(
        id: root.run.runID, rootPID: root.run.rootPID,
        rootStartTime: root.run.rootStartTime, directory: root.run.directory),
      path: root.path.child(1), name: "rehearsal", isDaemon: false,
      parent: .init(name: root.name, pid: root.pid, startTime: 0), attempt: 1,
      endpoints: .init(control: "", links: links),
      program: .init(
        type: program.name, listIndex: program.listIndex,
        arguments: try MessagePackEncoder().encode(Program(depth: 1))),
      tag: 1, settings: NodeSettings(TreeConfiguration()).packed(),
      renewalPeriod: Self.deadline.wholeMilliseconds,
      address: "\(NodeAddress.root.child("rehearsal", position: 1))")
  }
}

extension NodeProgram {
  /// Runs the program in a child, by the code that all programs have in common, as it is called
  /// from apps; optimised, it would be code for this program.
  @_optimize(none)
  fileprivate func runInGroup(of node: Node) async throws {
    try await node.withChildren(of: Output.self, limit: 1) { group in
      try await group.spawn(self)
      for try await _ in group {}
    }
  }
}

/// The nodes of a rehearsal, which share the root's process.
private final class RehearsedNodes {
  static let programs: [any NodeProgram.Type] = [Rehearsal.Program.self]

  private let root: NodeIdentity
  private let loop: EventLoop
  private var nodes: [(node: NodeRuntime, hook: Int)] = []

  init(for root: NodeIdentity, on loop: EventLoop) {
    self.root = root
    self.loop = loop
  }

  /// Starts a node as its process would.
  func start(
    _ record: BootstrapRecord, _ secret: NodeSecret, over tie: FrameStream
  ) throws -> NodeRuntime {
    let child = try ChildStart(
      record, secret, pid: root.pid, tag: root.tag, programs: Self.programs)
    let node = try child.makeRuntime(on: loop, tie: tie)
    node.rehearsedProcess = { [unowned self] in try startBelow($0) }
    nodes.append((node, loop.addTurnHook { node.exchangeFrames() }))
    try child.runProgram(in: node)
    return node
  }

  /// Starts a child of such a node.
  private func startBelow(_ ends: ChildEnds.Inherited) throws -> any ChildProcess {
    let number = try ends.withDescriptors { fcntl($0.bootstrap, F_DUPFD_CLOEXEC, 3) }
    guard let own = Descriptor(owning: number) else {
      throw ProcessControlError.system("fcntl", errno)
    }
    let (record, secret) = try Bootstrap.read(from: number)
    let process = RehearsedProcess(root.pid)
    let node = try start(record, secret, over: try FrameStream(own, on: loop))
    node.ending.onFinished = { [unowned node] in
      node.parent?.close()
      process.end()
    }
    return process
  }

  /// Removes all of it from the loop.
  func clear() {
    for (node, hook) in nodes {
      loop.removeTurnHook(hook)
      node.parent?.close()
      node.rehearsedProcess = nil
      // A task of one that was too slow may still refer to it.
      guard node.life.isFinished else {
        _ = Unmanaged.passRetained(node)
        continue
      }
      node.letGo()
      node.context.terminate()
    }
    // The deadlines of their ends refer to nodes that are gone.
    loop.timers.removeAll()
  }
}

/// The stand-in for a process in a rehearsal.
private final class RehearsedProcess: ChildProcess {
  let pid: Int32
  private(set) var hasEnded = false
  private var onEnd: (() -> Bool)?

  init(_ pid: Int32) { self.pid = pid }

  var state: ProcessState { .running }

  func send(_ signal: Int32) throws(ProcessControlError) {}

  func watch(on loop: EventLoop, _ body: @escaping () -> Bool) throws(LoopError) { onEnd = body }

  func unwatch(on loop: EventLoop) { onEnd = nil }

  func reap() throws(ProcessControlError) -> Reaped? { reapSoon() }

  func reapSoon() -> Reaped? { hasEnded ? Reaped(status: .exited(0), usage: .none) : nil }

  func close() { onEnd = nil }

  func end() {
    hasEnded = true
    let body = onEnd
    onEnd = nil
    _ = body?()
  }
}
