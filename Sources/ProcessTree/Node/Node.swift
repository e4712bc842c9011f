internal import Glibc
public import Logging
internal import ProcessTreeBase
internal import ProcessTreeLinks
public import ProcessTreeSupervision
internal import ProcessTreeWire

/// The node that a program runs in: its name and place, its children, its parent.
///
/// Usable from any thread. Its sockets and processes are handled on its event loop, where programs
/// run too.
public final class Node: Sendable {
  let runtime: LoopBound<NodeRuntime>
  let identity: NodeIdentity
  let shared: NodeShared
  let picture: SubtreePicture
  let channelContext: ChannelContext

  init(_ runtime: LoopBound<NodeRuntime>) {
    self.runtime = runtime
    identity = runtime.value.identity
    shared = runtime.value.shared
    picture = runtime.value.events.picture
    channelContext = ChannelContext(node: runtime, names: runtime.value.names)
  }

  /// The node's name: `MainProcess` for the root; for others, the given name or `Process-N1:…:Nk`.
  public var name: String { identity.name }

  /// The place in the tree, written like a default name; unique in a run.
  public var path: String { identity.path.description }

  /// The node's process id.
  public var pid: Int32 { identity.pid }

  /// Whether this is the root of its tree.
  public var isRoot: Bool { identity.isRoot }

  /// Whether the node is stopped, and not joined, when its parent ends.
  public var isDaemon: Bool { identity.isDaemon }

  /// The node's parent; `nil` for the root.
  public var parent: ParentNode? { identity.parent.map { ParentNode($0, of: runtime) } }

  /// The children that have been started and not yet reaped, in the order in which they were made.
  public var children: [AnyChild] { shared.liveChildren }

  /// The node and all live nodes below it, as far as this node knows.
  public var snapshot: TreeSnapshot { picture.snapshot() }

  /// The events of this node and of all nodes below it, from now on.
  ///
  /// - Throws: No error today.
  public var events: LifecycleEvents {
    get async throws {
      let path = identity.path
      return try await runtime.run { $0.events.subscribe(to: path) }
    }
  }

  /// The request that this node stop, with its requester and reason; `nil` until there is one.
  ///
  /// The program's task is cancelled at the same time.
  public var stopRequest: StopRequest? { shared.stopRequest }

  /// A logger that sends its records to the root with the node's name as `node.name`.
  public var logger: Logger {
    var logger = Logger(label: "process-tree.node")
    if isRoot || shared.nodes != nil { logger[metadataKey: "node.name"] = .string(name) }
    return logger
  }

  /// The settings for children that this node starts.
  public var configuration: TreeConfiguration { shared.configuration }

  /// Changes the settings for children that are started from now on, which inherit them.
  public func configure(_ change: (inout TreeConfiguration) -> Void) {
    shared.configure(change)
    if isRoot, configuration.postMortemDirectory != nil { runtime.perform { $0.recordIfWanted() } }
  }

  /// Reports progress to all subscribers to this node's events.
  ///
  /// Up to a hundred reports in a tenth of a second are passed on unchanged. If there are more,
  /// only the latest of the rest is passed on, with the number of reports left out.
  ///
  /// - Parameters:
  ///   - message: The progress in words; at most 4,096 characters are kept.
  ///   - completed: How much is done, in units of the program's choice.
  ///   - total: How much there is to do, in the same units.
  public func report(_ message: String, completed: Int? = nil, total: Int? = nil) {
    let report = ProgressReport(
      message: String(message.prefix(Self.longestReport)), completed: completed, total: total)
    runtime.perform { $0.report(report) }
  }

  private static let longestReport = 4_096

  /// Passes all messages and elements that have been sent to the sockets now.
  ///
  /// The event loop does so at the end of each turn, so this helps only before code that computes
  /// for long without suspending. Off the loop, it requests this and returns.
  public func flush() {
    runtime.perform { $0.sendFrames() }
  }

  /// Suspends for a time, using the timers of the node's event loop.
  ///
  /// `Task.sleep` needs a thread of Dispatch: if the limit on processes is reached, it blocks the
  /// node until there is one.
  ///
  /// - Parameter time: How long to suspend.
  /// - Throws: `CancellationError`.
  public func sleep(for time: Duration) async throws {
    try await runtime.noting(.sleep, within: time) { try await runtime.loop.sleep(for: time) }
  }

  /// Runs work that computes for long or blocks on another thread of this process.
  ///
  /// There are at most as many threads as processors; further work waits its turn.
  ///
  /// - Parameter work: The code to run, in parallel to the event loop.
  /// - Returns: The result of `work`.
  /// - Throws: The error of `work`, and `systemCallFailed` if not even one thread can be made.
  public func offload<Success: Sendable>(
    _ work: @escaping @Sendable () throws -> Success
  ) async throws -> Success {
    // Virtual time would pass while the work runs.
    if runtime.loop.time == .virtual {
      if runtime.loop.isCurrent, let nodes = shared.nodes, nodes.has(.threads, pid) {
        throw ProcessTreeError(.systemCallFailed, "No thread can be made.")
      }
      return try work()
    }
    let threads = try shared.threads.executor()
    return try await runtime.noting(.work) {
      try await withThrowingTaskContinuation { continuation in
        threads.perform { continuation.resume(with: Result(catching: work)) }
      }
    }
  }
}

extension Node {
  /// The executor for tasks that must not block the loop; the loop itself if no thread can be made,
  /// and if time is virtual, because it would pass meanwhile.
  package var workExecutor: any TaskExecutor {
    if runtime.loop.time == .virtual { return runtime.loop }
    return (try? shared.threads.executor()) ?? runtime.loop
  }

  /// Makes a thread for tasks that may block for any time.
  ///
  /// - Throws: `systemCallFailed` if no thread can be made.
  package func makeThread() throws -> any TaskExecutor {
    do {
      return try ThreadExecutor()
    } catch {
      throw ProcessTreeError(.systemCallFailed, error.description)
    }
  }

  /// Lets `work` surround each stop of the root by Ctrl-Z; it calls its argument, which returns
  /// when the process is continued.
  ///
  /// Runs on the node's event loop.
  package func whenSuspended(_ work: @escaping @Sendable (_ stop: () -> Void) -> Void) {
    runtime.perform { $0.suspension = work }
  }

  package var loopExecutor: any TaskExecutor { runtime.loop }

  /// The directory of the run, with the sockets of its nodes.
  package var runDirectory: String { identity.run.directory }

  /// Writes a line to standard error, at a root behind all that nodes have written.
  package func tell(_ line: String) {
    runtime.perform { $0.output.tell(line) }
  }
}
