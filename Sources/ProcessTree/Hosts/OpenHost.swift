internal import ProcessTreeBase
internal import ProcessTreeLinks

/// A host that a scope of ``Node/withHosts(_:minimum:_:)`` has opened.
///
/// It may be used from any thread, as long as its scope lasts.
public final class OpenHost: Place, Sendable {
  /// Where a host is in its life.
  public enum State: Hashable, Sendable {
    /// Its program is being started there.
    case opening
    /// Nodes can run there.
    case up
    /// There is no connection at present. What runs there goes on, and nothing is lost if there is
    /// another one within the host's lease; a node that is placed there starts then.
    case cut
    /// It ends soon, because it was asked to over there, as by Slurm's `scancel`. What runs there
    /// finishes what it has begun, and nothing more is started there.
    case draining
    /// Its scope ends: what runs there is being stopped.
    case closing
    /// Nothing of it is left here, and why, unless it was closed.
    case over(HostLoss?)

    /// Whether nodes can be placed there.
    fileprivate var isOpen: Bool { self == .up || self == .cut }
  }

  /// What the loop writes and any thread reads.
  final class Shared: Sendable {
    private let state = Lock((state: State.opening, placed: 0, processors: 1))
    private let leaving = Lock((last: 0, bodies: [Int: @Sendable () -> Void]()))

    var current: (state: State, placed: Int, processors: Int) { state.withLock { $0 } }

    func set(_ new: State) {
      state.withLock { state in
        // Nothing follows the end.
        if case .over = state.state { return }
        state.state = new
      }
      guard !new.isOpen else { return }
      let bodies = leaving.withLock { leaving in
        defer { leaving.bodies = [:] }
        return leaving.bodies.values
      }
      for body in bodies { body() }
    }

    /// Calls `body` once nothing is to be started there any more; the number is for ``forget(_:)``.
    func whenLeaving(_ body: @escaping @Sendable () -> Void) -> Int? {
      let number: Int? = leaving.withLock { leaving in
        guard current.state.isOpen else { return nil }
        leaving.last += 1
        leaving.bodies[leaving.last] = body
        return leaving.last
      }
      if number == nil { body() }
      return number
    }

    func forget(_ number: Int) { leaving.withLock { $0.bodies[number] = nil } }

    func set(placed: Int) { state.withLock { $0.placed = placed } }

    func set(processors: Int) { state.withLock { $0.processors = max(1, processors) } }
  }

  let host: Host
  /// No other host of the run has it.
  package let number: UInt32
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

  /// Whether it is named by one of these names: its own, or that of its family.
  package func isNamed(in names: [String]) -> Bool {
    names.contains(name) || host.family.map(names.contains) == true
  }

  /// How many nodes it is meant to run at a time: the number of its description, or its processors;
  /// 1 while those are not known.
  public var slots: Int { host.slots ?? shared.current.processors }

  /// Where the host is in its life.
  public var state: State { shared.current.state }

  /// Whether nodes can be placed there.
  package var isOpen: Bool { state.isOpen }

  /// Calls `body` once nothing is to be started there any more, from any thread, and at once if
  /// that is so.
  ///
  /// - Returns: A number for ``forget(_:)``; `nil` if it has been called.
  package func whenLeaving(_ body: @escaping @Sendable () -> Void) -> Int? {
    shared.whenLeaving(body)
  }

  /// Does not call a closure any more.
  package func forget(_ number: Int) { shared.forget(number) }

  /// The nodes that run there, of those that this node has started.
  public var nodeCount: Int { shared.current.placed }

  /// Why the host is over; `nil` while it is not, and if it was closed.
  public var loss: HostLoss? {
    if case .over(let loss) = state { loss } else { nil }
  }

  /// Why nothing can be started there; `nil` while it is open or being opened, and if it was
  /// closed.
  package var trouble: String? {
    switch state {
    case .draining: "it has been asked to end"
    case .over(let loss): loss?.reason
    case .closing: "it is ending"
    case .opening, .up, .cut: nil
    }
  }

  /// The host itself.
  public func choose() -> OpenHost? { self }

  /// The host itself.
  public var hosts: [OpenHost] { [self] }
}
