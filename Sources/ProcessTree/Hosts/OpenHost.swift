internal import ProcessTreeBase
internal import ProcessTreeLinks

/// A host that a scope of ``Node/withHosts(_:_:)`` has opened.
///
/// It may be used from any thread, as long as its scope lasts.
public final class OpenHost: Place, Sendable {
  /// Where a host is in its life.
  public enum State: Hashable, Sendable {
    /// Its program is being started there.
    case opening
    /// Nodes can run there.
    case up
    /// Its scope ends: what runs there is being stopped.
    case closing
    /// Nothing of it is left here, and why, unless it was closed.
    case over(HostLoss?)
  }

  /// What the loop writes and any thread reads.
  final class Shared: Sendable {
    private let state = Lock((state: State.opening, placed: 0))

    var current: (state: State, placed: Int) { state.withLock { ($0.state, $0.placed) } }

    func set(_ new: State) {
      state.withLock { state in
        // Nothing follows the end.
        if case .over = state.state { return }
        state.state = new
      }
    }

    func set(placed: Int) { state.withLock { $0.placed = placed } }
  }

  let host: Host
  let number: UInt32
  let controller: LoopBound<HostController>
  private let shared: Shared

  init(_ host: Host, _ number: UInt32, _ controller: LoopBound<HostController>, _ shared: Shared) {
    self.host = host
    self.number = number
    self.controller = controller
    self.shared = shared
  }

  /// The host's name.
  public var name: String { host.name }

  /// How many nodes it is meant to run at a time.
  public var slots: Int { host.slots }

  /// Where the host is in its life.
  public var state: State { shared.current.state }

  /// The nodes that run there, of those that this node has started.
  public var nodeCount: Int { shared.current.placed }

  /// Why the host is over; `nil` while it is not, and if it was closed.
  public var loss: HostLoss? {
    if case .over(let loss) = state { loss } else { nil }
  }

  /// The host itself.
  public func choose() -> OpenHost? { self }

  /// The host itself.
  public var hosts: [OpenHost] { [self] }
}

/// Where children run: an ``OpenHost``, the host of a ``HostPool`` that is used least, or ``OwnHost``.
public protocol Place: Sendable {
  /// The host for the next child; `nil` if there is none.
  func choose() -> OpenHost?
  /// The hosts to choose from.
  var hosts: [OpenHost] { get }
}

/// The host of the node that starts the children, for one stage of a pipeline whose others run on
/// hosts.
public struct OwnHost: Place {
  /// Makes the place.
  public init() {}

  /// None: the host of the parent is no open one.
  public func choose() -> OpenHost? { nil }

  /// None.
  public var hosts: [OpenHost] { [] }
}

/// The hosts of one scope of ``Node/withHosts(_:_:)``.
public final class HostPool: Place, Sendable {
  /// The hosts, in the order in which they were given.
  public let all: [OpenHost]

  init(_ all: [OpenHost]) { self.all = all }

  /// The same hosts.
  public var hosts: [OpenHost] { all }

  /// The host with a name; `nil` if there is none.
  public subscript(name: String) -> OpenHost? { all.first { $0.name == name } }

  /// The slots of the hosts that are up.
  public var slots: Int { all.filter { $0.state == .up }.reduce(0) { $0 + $1.slots } }

  /// The host that is up with the smallest part of its slots in use, the first of several; `nil` if none
  /// is up.
  public func choose() -> OpenHost? {
    all.filter { $0.state == .up }.min {
      $0.nodeCount * $1.slots < $1.nodeCount * $0.slots
    }
  }
}
