internal import Glibc
public import Logging
internal import ProcessTreeLinks
public import ProcessTreeSupervision
internal import ProcessTreeWire

/// The node that a program runs in: its name and place, its children, its parent.
///
/// May be used from any thread; work on the node's sockets and processes is done on its event loop,
/// where programs run too.
public final class Node: Sendable {
  let runtime: LoopBound<NodeRuntime>
  let identity: NodeIdentity
  let shared: NodeShared
  private let picture: SubtreePicture
  let channelContext: ChannelContext

  init(_ runtime: LoopBound<NodeRuntime>) {
    self.runtime = runtime
    identity = runtime.value.identity
    shared = runtime.value.shared
    picture = runtime.value.events.picture
    channelContext = ChannelContext(node: runtime, names: runtime.value.names)
  }

  /// The name: `MainProcess` for the root, `Process-N1:…:Nk` for others unless one was given.
  public var name: String { identity.name }

  /// The place in the tree, written like a default name; unique in a run.
  public var path: String { identity.path.description }

  /// The node's process.
  public var pid: Int32 { identity.pid }

  /// Whether this is the root of its tree.
  public var isRoot: Bool { identity.isRoot }

  /// Whether the node is stopped, and not joined, when its parent ends.
  public var isDaemon: Bool { identity.isDaemon }

  /// The node's parent; nil for the root.
  public var parent: ParentNode? { identity.parent.map { ParentNode($0, of: runtime) } }

  /// The children that have been started and not yet been reaped, in the order they were made.
  public var children: [AnyChild] { shared.liveChildren }

  /// The node and all live nodes below it, as this node sees them now.
  public var snapshot: TreeSnapshot { picture.snapshot() }

  /// Events of this node and everything below it, from now on.
  public var events: LifecycleEvents {
    get async throws {
      let path = identity.path
      return try await runtime.run { $0.events.subscribe(to: path) }
    }
  }

  /// Who asked this node to stop, and why; nil while nobody has.
  ///
  /// The program's task is cancelled at the same time.
  public var stopRequest: StopRequest? { shared.stopRequest }

  /// A logger whose records reach the root with the node's name as `node.name`.
  public var logger: Logger {
    var logger = Logger(label: "process-tree.node")
    if isRoot || shared.nodes != nil { logger[metadataKey: "node.name"] = .string(name) }
    return logger
  }

  /// The settings of the tree as they are for children that this node starts.
  public var configuration: TreeConfiguration { shared.configuration }

  /// Changes the settings for children that are started from now on; they inherit them.
  public func configure(_ change: (inout TreeConfiguration) -> Void) { shared.configure(change) }

  /// Reports progress to everybody who watches this node's events.
  ///
  /// Up to a hundred reports in a tenth of a second are passed on as they are. Of more, the latest
  /// is, with the count of those left out.
  public func report(_ message: String, completed: Int? = nil, total: Int? = nil) {
    let report = ProgressReport(
      message: String(message.prefix(Self.longestReport)), completed: completed, total: total)
    runtime.perform { $0.report(report) }
  }

  private static let longestReport = 4_096

  /// Hands everything that was sent, to parent, children and over channels, to the sockets now.
  ///
  /// That happens by itself at the end of each turn of the event loop; of use before code that computes
  /// for long without awaiting anything. Off the loop, soon.
  public func flush() {
    runtime.perform { $0.sendFrames() }
  }

  /// Waits for a time, on the timers of the node's event loop; throws when the task is cancelled.
  ///
  /// `Task.sleep` wants a thread of Dispatch's: where the limit on processes is reached, it blocks the
  /// node until there is one.
  public func sleep(for time: Duration) async throws { try await runtime.loop.sleep(for: time) }

  /// Runs work on a thread of this process, in parallel to the event loop: for what computes for long
  /// or blocks, and is not worth a child of its own.
  ///
  /// There are at most as many threads as processors; work that finds none waits its turn. Throws
  /// `systemCallFailed` when not even one thread can be made.
  public func offload<Success: Sendable>(
    _ work: @escaping @Sendable () throws -> Success
  ) async throws -> Success {
    // Virtual time would pass while the work goes on.
    if runtime.loop.time == .virtual { return try work() }
    let threads = try shared.threads.executor()
    return try await withUnsafeThrowingContinuation { continuation in
      threads.perform { continuation.resume(with: Result(catching: work)) }
    }
  }
}

extension Node {
  /// Where tasks run that must not disturb the loop; the loop itself when no thread can be made.
  package var workExecutor: any TaskExecutor {
    (try? shared.threads.executor()) ?? runtime.loop
  }

  /// A thread of its own, for tasks that block for as long as they like; throws when none can be made.
  package func makeThread() throws -> any TaskExecutor {
    do {
      return try ThreadExecutor()
    } catch {
      throw ProcessTreeError(.systemCallFailed, error.description)
    }
  }

  /// Runs tasks on the node's event loop.
  package var loopExecutor: any TaskExecutor { runtime.loop }
}
