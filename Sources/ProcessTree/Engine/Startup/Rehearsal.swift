internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A child's life, simulated within the root from its record to its goodbye.
struct Rehearsal {
  struct Program: NodeProgram {
    var number: Int
    func run(in node: Node) async throws -> Int { number }
  }

  /// The time limit; it takes about a millisecond.
  private static let deadline: Duration = .milliseconds(100)

  private let loop: EventLoop
  private let root: NodeIdentity
  private let socket: String
  private let secret: NodeSecret

  init(for root: NodeIdentity, on loop: EventLoop) {
    self.root = root
    self.loop = loop
    secret = NodeSecret(Secret { _ in }, of: root.path)
    socket = RunDirectory(path: root.run.directory).rehearsalSocket
  }

  /// Runs the simulation; the process has its former threads and descriptors afterwards.
  func run() throws {
    let record = try readBack(makeRecord())
    _ = try readBack(NodeSettings(TreeConfiguration()))
    var isDone = false
    let listener = makeListener { isDone = true }
    let ends = try Descriptors.makeSocketPair()
    let parents = try FrameStream(ends.first, on: loop)
    listener.join(parents, of: 1)
    let childs = try FrameStream(ends.second, on: loop)
    let arguments = try MessagePackEncoder().encode(Program(number: 1))
    try play(record, over: childs, arguments: arguments) { isDone }
    try exchangeOverSockets()
  }

  /// Sends a frame as data links do, for nodes that open some.
  private func exchangeOverSockets() throws {
    let context = LinkContext()
    defer {
      context.terminate()
      unlink(socket)
    }
    var isDone = false
    let listener = try FrameRelay(listeningAt: socket, in: context, on: loop) { _, _ in
      isDone = true
    }
    defer { listener.close() }
    let connector = try FrameRelay(
      to: context.endpoint(at: socket), isLink: false, in: context, on: loop
    ) { _ in }
    defer { connector.close() }
    connector.send([1])
    let hook = loop.addTurnHook {
      listener.receive()
      return listener.mayHaveFrames
    }
    defer { loop.removeTurnHook(hook) }
    turn { isDone }
  }

  private func turn(until isDone: () -> Bool) {
    var isLate = false
    let timer = loop.timers.schedule(after: Self.deadline) { isLate = true }
    loop.run { isDone() || isLate }
    loop.timers.cancel(timer)
  }

  private func play(
    _ record: BootstrapRecord, over tie: FrameStream, arguments: [UInt8], until isDone: () -> Bool
  ) throws {
    let (node, own) = (identity(from: record), secret.child(1))
    let runtime = NodeRuntime(
      node, on: loop, shared: NodeShared(configuration: TreeConfiguration(), programs: []),
      secret: own)
    defer { runtime.context.terminate() }
    let parent = try ParentLink(
      record, as: node, own, tie: tie, context: runtime.context, on: loop)
    defer { parent.close() }
    runtime.attach(parent)
    parent.send(.ready)
    let bound = LoopBound(runtime, on: loop)
    let run = ProgramRun(type: Program.self, node: Node(bound))
    Task(executorPreference: loop) {
      let outcome = await run.outcome(arguments: arguments)
      bound.perform { runtime in
        guard case .result(let bytes) = outcome else { return }
        runtime.parent?.send(.outcome(.result(bytes)))
        runtime.parent?.send(.goodbye(exitCode: 0, linkFrames: 0))
      }
    }
    let hook = loop.addTurnHook { [unowned runtime] in runtime.exchangeFrames() }
    defer { loop.removeTurnHook(hook) }
    turn(until: isDone)
  }

  private func makeListener(whenDone: @escaping () -> Void) -> EdgeListener {
    let handlers = EdgeListener.Handlers(
      admitted: { _, _ in },
      frame: { _, frame in
        if case .goodbye? = try? ControlMessage(frame: Array(frame)) { whenDone() }
      },
      refused: { _ in whenDone() })
    let listener = EdgeListener(build: "", secret: secret, handlers: handlers)
    listener.expect(1, attempt: 1, name: "rehearsal")
    return listener
  }

  private func makeRecord() throws -> BootstrapRecord {
    let program = try ProgramReference(Program.self, listed: [])
    return BootstrapRecord(
      run: .init(
        id: root.run.runID, rootPID: root.run.rootPID, rootStartTime: root.run.rootStartTime,
        directory: root.run.directory),
      path: root.path.child(1), name: "rehearsal", isDaemon: false,
      parent: .init(name: root.name, pid: root.pid, startTime: 0), attempt: 1,
      endpoints: .init(control: "", links: "ipc://\(socket)"),
      program: .init(type: program.name, listIndex: nil, arguments: [1]), tag: 1, settings: [1])
  }

  private func identity(from record: BootstrapRecord) -> NodeIdentity {
    NodeIdentity(
      path: record.path, name: record.name, pid: root.pid, isDaemon: false,
      parent: .init(name: record.parent.name, pid: record.parent.pid), tag: root.tag,
      run: root.run, build: "")
  }

  private func readBack<Record: WireRecord>(_ record: Record) throws -> Record {
    try Record(packed: record.packed())
  }
}
