package import ProcessTree
internal import ProcessTreeBase

/// The hosts that the workers of one pool or one run are placed on, and how many each has.
///
/// A host where starts fail is avoided as long as another is up where they do not.
package final class WorkerHosts: Sendable {
  private struct Load {
    var workers = 0
    /// Starts in a row that failed.
    var failures = 0
  }

  /// From so many failed starts in a row on a host is avoided.
  private static let mostFailures = 3

  private let place: any Place
  private let loads = Lock<[String: Load]>([:])

  /// Nil for workers that run where their parent does.
  package init?(_ place: (any Place)?) {
    guard let place, !(place is OwnHost) else { return nil }
    self.place = place
  }

  /// How many workers the hosts that are up are meant for.
  package var slots: Int { place.hosts.filter { $0.state == .up }.reduce(0) { $0 + $1.slots } }

  /// Whether no host is up any more.
  package var areLost: Bool { !place.hosts.contains(where: \.isOpen) }

  /// Why no worker can be placed.
  package var loss: HostError { HostError(noneOpenOf: place.hosts) }

  /// Takes a place for a worker: at the host with the smallest part of its slots in use, and at one without
  /// a connection if no other is open.
  package func take() throws(HostError) -> OpenHost {
    let connected = place.hosts.filter { $0.state == .up }
    let up = connected.isEmpty ? place.hosts.filter(\.isOpen) : connected
    let found = loads.withLock { loads -> OpenHost? in
      let good = up.filter { loads[$0.name, default: Load()].failures < Self.mostFailures }
      let host = (good.isEmpty ? up : good).min {
        loads[$0.name, default: Load()].workers * $1.slots
          < loads[$1.name, default: Load()].workers * $0.slots
      }
      if let host { loads[host.name, default: Load()].workers += 1 }
      return host
    }
    guard let found else { throw loss }
    return found
  }

  /// A worker runs on a host.
  package func started(on host: OpenHost) {
    loads.withLock { $0[host.name, default: Load()].failures = 0 }
  }

  /// A worker of a host has gone, or could not be made.
  package func returned(_ host: OpenHost, wasStarted: Bool) {
    loads.withLock { loads in
      loads[host.name, default: Load()].workers -= 1
      if !wasStarted { loads[host.name, default: Load()].failures += 1 }
    }
  }

  /// Calls `body` when a worker's host ends soon, or at once, if another host is there for its work.
  ///
  /// - Returns: A number for ``OpenHost/forget(_:)``.
  package func whenLeaving(
    _ host: OpenHost, _ body: @escaping @Sendable () -> Void
  ) -> Int? {
    host.whenLeaving { [self] in if !areLost { body() } }
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
    let others = place.hosts.filter { $0.state == .up && $0.name != host.name }
    return loads.withLock { loads in
      others.contains { loads[$0.name, default: Load()].failures < Self.mostFailures }
    }
  }
}
