package import ProcessTree
internal import ProcessTreeBase

/// The hosts that the workers of one pool or one run are placed on, and how many each has.
///
/// A host where starts fail is avoided as long as another is up where they do not.
package final class WorkerHosts: Sendable {
  private struct Load {
    var workers = 0
    /// Those of them that were asked to move.
    var leaving = 0
    /// Starts in a row that failed.
    var failures = 0

    /// How many workers it has more than slots; with a minus how many fit.
    func surplus(over slots: Int) -> Int { workers - leaving - slots }
  }

  /// A worker that others can replace.
  private struct Movable {
    let host: OpenHost
    let move: @Sendable () -> Void
    var isMoving = false
  }

  private struct State {
    /// By the numbers of hosts.
    var loads: [UInt32: Load] = [:]
    var movable: [Int: Movable] = [:]
    var lastMovable = 0
    var onGrowth: @Sendable () -> Void = {}

    subscript(host: OpenHost) -> Load {
      get { loads[host.number, default: Load()] }
      set { loads[host.number] = newValue }
    }

    /// Chooses workers beyond the slots of their hosts, as many as fit elsewhere.
    mutating func spread(over up: [OpenHost]) -> [@Sendable () -> Void] {
      var room = up.reduce(0) { $0 - min(0, self[$1].surplus(over: $1.slots)) }
      room -= loads.values.reduce(0) { $0 + $1.leaving }
      var moves: [@Sendable () -> Void] = []
      // The last that came has least to lose.
      for (number, worker) in movable.sorted(by: { $0.key > $1.key })
      where room > 0 && !worker.isMoving && self[worker.host].surplus(over: worker.host.slots) > 0 {
        movable[number]?.isMoving = true
        self[worker.host].leaving += 1
        room -= 1
        moves.append(worker.move)
      }
      return moves
    }
  }

  /// From so many failed starts in a row on a host is avoided.
  private static let mostFailures = 3

  private let place: any Place
  private let state = Lock(State())
  private let growth = Lock<Int?>(nil)

  /// Nil for workers that run where their parent does.
  package init?(_ place: (any Place)?) {
    guard let place, !(place is OwnHost) else { return nil }
    self.place = place
    let number = (place as? any GrowingPlace)?.whenGrown { [weak self] in self?.hostsWereAdded() }
    growth.withLock { $0 = number }
  }

  deinit {
    if let number = growth.withLock({ $0 }) { (place as? any GrowingPlace)?.forgetGrowth(number) }
  }

  /// Calls `body` when hosts have been added, from any thread.
  package func whenGrown(_ body: @escaping @Sendable () -> Void) {
    state.withLock { $0.onGrowth = body }
  }

  private func hostsWereAdded() {
    state.withLock(\.onGrowth)()
    let up = place.hosts.filter { $0.state == .up }
    for move in state.withLock({ $0.spread(over: up) }) { move() }
  }

  /// How many workers the hosts that are up are meant for.
  package var slots: Int { place.hosts.filter { $0.state == .up }.reduce(0) { $0 + $1.slots } }

  /// Whether no host is up any more.
  package var areLost: Bool { !place.hosts.contains(where: \.isOpen) }

  /// Why no worker can be placed.
  package var loss: HostError { HostError(noneOpenOf: place.hosts) }

  /// Takes a place for a worker: at the host with the smallest part of its slots in use, and at one
  /// without a connection if no other is open.
  package func take() throws(HostError) -> OpenHost {
    let connected = place.hosts.filter { $0.state == .up }
    let up = connected.isEmpty ? place.hosts.filter(\.isOpen) : connected
    let found = state.withLock { state -> OpenHost? in
      let good = up.filter { state[$0].failures < Self.mostFailures }
      let host = (good.isEmpty ? up : good).min {
        state[$0].workers * $1.slots < state[$1].workers * $0.slots
      }
      if let host { state[host].workers += 1 }
      return host
    }
    guard let found else { throw loss }
    return found
  }

  /// A worker runs on a host.
  package func started(on host: OpenHost) { state.withLock { $0[host].failures = 0 } }

  /// A worker of a host has gone, or could not be made.
  package func returned(_ host: OpenHost, wasStarted: Bool) {
    state.withLock { state in
      state[host].workers -= 1
      if !wasStarted { state[host].failures += 1 }
    }
  }

  /// A worker that is to go to another host.
  package struct Move: Sendable {
    fileprivate let host: OpenHost
    fileprivate let number: Int
    fileprivate let leaving: Int?
  }

  /// Calls `body` when a worker is to go to another host: its own ends soon and another is there,
  /// or has more workers than slots and another with room was added.
  ///
  /// - Returns: A value for ``forget(_:)``, which is called before ``returned(_:wasStarted:)``.
  package func whenMoving(_ host: OpenHost, _ body: @escaping @Sendable () -> Void) -> Move {
    let number = state.withLock { state in
      state.lastMovable += 1
      state.movable[state.lastMovable] = Movable(host: host, move: body)
      return state.lastMovable
    }
    let leaving = host.whenLeaving { [self] in if !areLost { body() } }
    return Move(host: host, number: number, leaving: leaving)
  }

  /// Does not call the closure of a worker any more.
  package func forget(_ move: Move) {
    if let leaving = move.leaving { move.host.forget(leaving) }
    state.withLock { state in
      if state.movable.removeValue(forKey: move.number)?.isMoving == true {
        state[move.host].leaving -= 1
      }
    }
  }

  /// Whether its host, and not the worker, is to blame for an end.
  package func isToBlame(_ host: OpenHost, for report: ExitReport?) -> Bool {
    if case .hostLost? = report?.cause { return true }
    switch report?.cause {
    case .couldNotStart, nil: return host.state != .up || hasOther(than: host)
    // What ends a host ends what runs there as well.
    case .crashed, .failed, .outOfMemory, .limitExceeded, .unresponsive: return false
    default: return !host.isOpen
    }
  }

  /// Whether another host is up on which starts do not fail.
  private func hasOther(than host: OpenHost) -> Bool {
    let others = place.hosts.filter { $0.state == .up && $0 !== host }
    return state.withLock { state in
      others.contains { state[$0].failures < Self.mostFailures }
    }
  }
}
