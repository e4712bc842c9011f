internal import Supervision
internal import Synchronization

/// What of a node may be looked at, and partly changed, on any thread.
final class NodeShared: Sendable {
  private struct State {
    var configuration: TreeConfiguration
    var nextPosition: UInt32 = 1
    var liveChildren: [UInt32: AnyChild] = [:]
    var stopRequest: StopRequest?
    var startsChildren = true
  }

  private let state: Mutex<State>
  /// For work off the loop.
  let threads = WorkThreads()
  /// Programs that cannot be found by their name.
  let programs: [any NodeProgram.Type]

  init(configuration: TreeConfiguration, programs: [any NodeProgram.Type]) {
    state = Mutex(State(configuration: configuration))
    self.programs = programs
  }

  var configuration: TreeConfiguration { state.withLock(\.configuration) }

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

  /// The children that have been started and not yet been reaped, in the order they were made.
  var liveChildren: [AnyChild] {
    state.withLock { $0.liveChildren }.sorted { $0.key < $1.key }.map(\.value)
  }

  func add(_ child: AnyChild) {
    state.withLock { $0.liveChildren[child.specification.position] = child }
  }

  func remove(_ child: AnyChild) {
    state.withLock { $0.liveChildren[child.specification.position] = nil }
  }

  /// Who asked this node to stop; the first request stays.
  var stopRequest: StopRequest? { state.withLock(\.stopRequest) }

  /// Notes a request; false when there was one before.
  func noteStop(_ request: StopRequest) -> Bool {
    state.withLock { state in
      guard state.stopRequest == nil else { return false }
      state.stopRequest = request
      return true
    }
  }

  /// False from the moment on at which the node ends.
  var startsChildren: Bool { state.withLock(\.startsChildren) }

  func stopStartingChildren() { state.withLock { $0.startsChildren = false } }
}
