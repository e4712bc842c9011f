internal import ProcessTreeBase
internal import ProcessTreeSupervision

/// What of a node may be looked at, and partly changed, on any thread.
final class NodeShared: Sendable {
  private struct State {
    var configuration: TreeConfiguration
    var nextPosition: UInt32 = 1
    var nextKeeperPosition = NodeShared.firstKeeperPosition
    var liveChildren: [UInt32: AnyChild] = [:]
    var stopRequest: StopRequest?
    var startsChildren = true
    var isDraining = false
    var carrier = Carrier.undecided
  }

  /// What joins the nodes of the tree: decided with the first child or channel, for all of them.
  private enum Carrier {
    case undecided
    case processes
    case memory(InProcessNodes)
  }

  private let state: Lock<State>
  /// For work off the loop.
  let threads = WorkThreads()
  /// Programs that cannot be found by their name.
  let programs: [any NodeProgram.Type]

  /// - Parameter nodes: The nodes that this one shares its process with.
  init(
    configuration: TreeConfiguration, programs: [any NodeProgram.Type],
    sharing nodes: InProcessNodes? = nil
  ) {
    state = Lock(
      State(configuration: configuration, carrier: nodes.map { .memory($0) } ?? .undecided))
    self.programs = programs
  }

  /// The nodes of a tree that shares one process; nil where each node is a process.
  ///
  /// The first look decides: with the start method of that moment.
  var nodes: InProcessNodes? {
    state.withLock { state in
      if case .undecided = state.carrier {
        state.carrier =
          state.configuration.startMethod == .inProcess ? .memory(InProcessNodes()) : .processes
      }
      if case .memory(let nodes) = state.carrier { return nodes }
      return nil
    }
  }

  var configuration: TreeConfiguration { state.withLock { $0.configuration } }

  func configure(_ change: (inout TreeConfiguration) -> Void) {
    state.withLock { change(&$0.configuration) }
  }

  /// The place of the next child; never given twice.
  func takePosition() -> UInt32 {
    state.withLock { state in
      defer { state.nextPosition += 1 }
      return state.nextPosition
    }
  }

  /// Where the near halves of hosts are among the children, so that they take no other's default
  /// name.
  private static let firstKeeperPosition: UInt32 = 1 << 31

  /// The place of the near half of the next host.
  func takeKeeperPosition() -> UInt32 {
    state.withLock { state in
      defer { state.nextKeeperPosition += 1 }
      return state.nextKeeperPosition
    }
  }

  /// The children that have been started and not yet been reaped, in the order they were made.
  var liveChildren: [AnyChild] {
    state.withLock { $0.liveChildren }.sorted { $0.key < $1.key }.map(\.value)
  }

  func add(_ child: AnyChild) {
    state.withLock { $0.liveChildren[child.declaration.position] = child }
  }

  func remove(_ child: AnyChild) {
    state.withLock { $0.liveChildren[child.declaration.position] = nil }
  }

  /// The request that this node stop; the first one stays.
  var stopRequest: StopRequest? { state.withLock { $0.stopRequest } }

  /// Shows the request that the node's life has.
  func publish(_ request: StopRequest?) { state.withLock { $0.stopRequest = request } }

  /// Whether the node takes no new work.
  var isDraining: Bool { state.withLock { $0.isDraining } }

  func startDraining() { state.withLock { $0.isDraining = true } }

  /// False from the moment on at which the node ends.
  var startsChildren: Bool { state.withLock { $0.startsChildren } }

  func stopStartingChildren() { state.withLock { $0.startsChildren = false } }
}
