internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire
internal import Synchronization

/// A tree whose nodes share this process, on a thread that it makes for itself.
///
/// For programs whose `main` is not the library's, such as test bundles.
package final class InProcessTree: Sendable {
  /// The root, as the body gets it.
  package let root: Node
  private let nodes: LoopBound<InProcessNodes>

  private init(_ root: Node, _ nodes: LoopBound<InProcessNodes>) {
    self.root = root
    self.nodes = nodes
    start = root.now
  }

  private let start: SuspendingClock.Instant

  /// The time since the root's program began, by the clock of the tree.
  package var time: Duration { start.duration(to: root.now) }

  // MARK: Looking and harming

  /// Frames that nodes of the tree have sent to each other.
  ///
  /// On the loop.
  package var frames: UInt64 { nodes.value.network.frames }

  /// The places of the live nodes below the root, in the order in which they were made.
  ///
  /// On the loop.
  package var livePaths: [String] { nodes.value.paths.map(\.description) }

  /// Does something to a node as soon as so many frames have been sent; nothing happens to one that
  /// is not alive then.
  package func harm(_ path: String, _ harm: NodeHarm, atFrame number: UInt64) {
    at(number) { $0.harm(path, harm) }
  }

  /// Loses the first frame of a data link that is sent after so many frames, and its connection.
  package func loseFrame(atFrame number: UInt64) {
    at(number) { $0.network.losesNextFrame = true }
  }

  /// A number made of all frames that nodes have sent to each other, in order.
  ///
  /// On the loop.
  package var digest: UInt64 { nodes.value.network.digest }

  /// What the root and what joins the nodes hold, by kind; kinds of which there is nothing are left
  /// out.
  ///
  /// On the loop.
  package var remains: [String: Int] {
    (nodes.value.remains).filter { $0.value != 0 }
  }

  private func at(_ number: UInt64, _ harm: @escaping @Sendable (InProcessNodes) -> Void) {
    let nodes = nodes
    nodes.perform { shared in
      let before = shared.network.onFrame
      shared.network.onFrame = { frames in
        before?(frames)
        // Not in the middle of what sends the frame.
        if frames == number { nodes.loop.perform { harm(nodes.value) } }
      }
    }
  }

  // MARK: Running

  /// Runs a tree to its end.
  ///
  /// - Parameters:
  ///   - configuration: The settings of the tree; its start method is `inProcess` in any case.
  ///   - programs: Programs that cannot be found by their name.
  ///   - hasVirtualTime: Whether time stands still while there is something to do.
  ///   - pickJob: Chooses which of so many ready jobs runs next; the first if nil.
  ///   - body: The root's program. Children that are no daemons are joined when it returns, and
  ///     stopped when it throws.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws, and `systemCallFailed` where no loop can be made.
  package static func run<Success: Sendable>(
    _ configuration: TreeConfiguration, programs: [any NodeProgram.Type], hasVirtualTime: Bool,
    pickJob: (@Sendable (Int) -> Int)?,
    _ body: @escaping @Sendable (InProcessTree) async throws -> Success
  ) async throws -> Success {
    let thread = try await InProcessThread.start(
      hasVirtualTime ? .virtual : .real, pickJob)
    // In a task of the caller's, whose task-local values it has.
    let result = await Task(executorPreference: thread.loop) {
      await thread.run(configuration, programs, body)
    }.value
    await thread.end()
    return try result.get()
  }
}

/// The thread of one tree.
private final class InProcessThread: Sendable {
  let loop: EventLoop
  private let isOver = Atomic<Bool>(false)
  /// The root's node, from its end until the loop has finished.
  private let last = Lock<LoopBound<NodeRuntime>?>(nil)
  private let ended = Lock<TaskContinuation<Void, Never>?>(nil)

  private init(_ loop: EventLoop) { self.loop = loop }

  /// Programs nest on it when they exit in the middle of a call.
  private static let stackSize = 64 << 20

  static func start(
    _ time: EventLoop.Time, _ pickJob: (@Sendable (Int) -> Int)?
  ) async throws -> InProcessThread {
    try await withThrowingTaskContinuation { continuation in
      let body = ThreadBody {
        do {
          let loop = try EventLoop(time: time)
          loop.pickJob = pickJob
          let thread = InProcessThread(loop)
          continuation.resume(returning: thread)
          loop.run { thread.isOver.load(ordering: .acquiring) }
          thread.finish()
        } catch {
          continuation.resume(throwing: ProcessTreeError(.systemCallFailed, "\(error)"))
        }
      }
      guard !body.start(stackSize: stackSize) else { return }
      continuation.resume(
        throwing: ProcessTreeError(.systemCallFailed, "No thread can be made for the tree."))
    }
  }

  /// Runs the root's program and waits for the end of the tree; on the loop.
  nonisolated(nonsending) func run<Success: Sendable>(
    _ configuration: TreeConfiguration, _ programs: [any NodeProgram.Type],
    _ body: @escaping @Sendable (InProcessTree) async throws -> Success
  ) async -> Result<Success, any Error> {
    var configuration = configuration
    configuration.startMethod = .inProcess
    let runtime: LoopBound<NodeRuntime>
    do {
      runtime = LoopBound(try Self.makeRoot(configuration, programs, on: loop), on: loop)
    } catch {
      return .failure(error)
    }
    let result = ResultBox<Success>()
    await withTaskContinuation { continuation in
      begin(runtime, body, result) { continuation.resume() }
    }
    runtime.value.vanish()
    runtime.value.ending.onFinished = nil
    runtime.value.nodes?.end()
    last.withLock { $0 = runtime }
    return result.take()
  }

  private func begin<Success: Sendable>(
    _ bound: LoopBound<NodeRuntime>,
    _ body: @escaping @Sendable (InProcessTree) async throws -> Success,
    _ result: ResultBox<Success>, whenFinished: @escaping () -> Void
  ) {
    let runtime = bound.value
    guard let nodes = runtime.nodes else { return whenFinished() }
    nodes.leave = { [self] in
      loop.run { isOver.load(ordering: .acquiring) }
      finish()
      // The calls that wait below on the stack never go on.
      pthread_exit(nil)
    }
    nodes.rootRuntime = runtime
    runtime.beginExchange()
    let finished = LoopBound(whenFinished, on: loop)
    runtime.ending.onFinished = { finished.loop.perform { finished.value() } }
    let shared = LoopBound(nodes, on: loop)
    runtime.start { node in
      do {
        result.set(.success(try await body(InProcessTree.make(node, shared))))
        return .result([])
      } catch {
        result.set(.failure(error))
        return .exit(1)
      }
    }
  }

  private static func makeRoot(
    _ configuration: TreeConfiguration, _ programs: [any NodeProgram.Type], on loop: EventLoop
  ) throws -> NodeRuntime {
    // No file and no other process knows of this run.
    let runID = try RunTag.randomRunID()
    let run = RunIdentity(runID: runID, rootPID: HostProcess.pid, rootStartTime: 0)
    let identity = NodeIdentity(
      path: .root, name: NodePath.root.description, pid: HostProcess.pid, isDaemon: false,
      parent: nil, tag: RunTag(run: runID, node: try RunTag.randomNodeID()),
      run: run, build: HostProcess.buildIdentity())
    return NodeRuntime(
      identity, on: loop,
      shared: NodeShared(configuration: configuration, programs: programs),
      secret: try .ofRoot(on: loop))
  }

  /// Ends the loop; returns when its thread does nothing more.
  func end() async {
    await withTaskContinuation { continuation in
      ended.withLock { $0 = continuation }
      loop.perform { self.isOver.store(true, ordering: .releasing) }
    }
  }

  private func finish() {
    loop.finish()
    last.withLock { $0.take() }?.value.nodes?.release()
    ended.withLock { $0.take() }?.resume()
  }
}

extension InProcessTree {
  fileprivate static func make(_ root: Node, _ nodes: LoopBound<InProcessNodes>) -> InProcessTree {
    InProcessTree(root, nodes)
  }
}

/// Where the root's program leaves what it returns.
private final class ResultBox<Success: Sendable>: Sendable {
  private let result = Lock<Result<Success, any Error>?>(nil)

  func set(_ value: Result<Success, any Error>) { result.withLock { $0 = value } }

  /// Without a result the program has called `exit`, which is no return.
  func take() -> Result<Success, any Error> {
    result.withLock(\.self)
      ?? .failure(ProcessTreeError(.nodeEnding, "The root called exit() and has no result."))
  }
}

/// What a thread of ours runs.
private final class ThreadBody: Sendable {
  private let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }

  /// Starts a detached thread; false when there is none to be had.
  func start(stackSize: Int) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(self)
    let error = pthread_create(
      &thread, &attributes,
      { context in
        guard let context else { return nil }
        let body = Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
        body.run()
        return nil
      }, argument.toOpaque())
    if error != 0 { argument.release() }
    return error == 0
  }
}
