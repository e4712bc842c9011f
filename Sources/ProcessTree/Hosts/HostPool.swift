internal import ProcessTreeBase

/// The hosts of one scope of ``Node/withHosts(_:minimum:_:)``, to which others can be added.
///
/// Pools without a given size grow with it, and workers of pools and pipelines that have more
/// company than their hosts have slots move to a host that is added.
public final class HostPool: GrowingPlace, Sendable {
  struct State {
    var hosts: [OpenHost] = []
    /// Those of calls that have not returned yet.
    var opening: [OpenHost] = []
    /// Their names.
    var names: Set<String> = []
    /// Calls that open hosts.
    var calls = 0
    /// Whether the scope ends: nothing more is opened.
    var isClosed = false
    var listeners: [Int: @Sendable () -> Void] = [:]
    var lastListener = 0
    /// The sequences of hosts that have ended, by their families, and why a host of one did not
    /// join.
    var ended: Set<String?> = []
    var failures: [String?: any Error] = [:]
  }

  let node: Node
  let state = Protected(State())

  init(of node: Node) { self.node = node }

  /// The hosts, in the order in which they were given; those that were added come last.
  public var all: [OpenHost] { state.withLock(\.hosts) }

  /// The same hosts.
  public var hosts: [OpenHost] { all }

  /// The host with a name, the last of several; `nil` if there is none.
  public subscript(name: String) -> OpenHost? { all.last { $0.name == name } }

  /// Some of the hosts, by their names or those of their families, with such as come later; nil
  /// without names.
  package func only(_ names: [String]) -> (any Place)? {
    names.isEmpty ? nil : SomeHosts(pool: self, names: names)
  }

  /// The slots of the hosts that are up, or have no connection at present.
  public var slots: Int { all.filter(\.isOpen).reduce(0) { $0 + $1.slots } }

  /// The host that is up with the smallest part of its slots in use, the first of several; one
  /// without a connection if none is up, and `nil` if there is none either.
  public func choose() -> OpenHost? { Self.leastUsed(of: all) }

  static func leastUsed(of hosts: [OpenHost]) -> OpenHost? {
    let up = hosts.filter { $0.state == .up }
    return (up.isEmpty ? hosts.filter { $0.state == .cut } : up).min {
      $0.nodeCount * $1.slots < $1.nodeCount * $0.slots
    }
  }

  /// Calls `body` after each addition of hosts, from any thread.
  ///
  /// - Returns: A number for ``forgetGrowth(_:)``.
  package func whenGrown(_ body: @escaping @Sendable () -> Void) -> Int {
    state.withLock { state in
      state.lastListener += 1
      state.listeners[state.lastListener] = body
      return state.lastListener
    }
  }

  /// Does not call a closure any more.
  package func forgetGrowth(_ number: Int) { state.withLock { $0.listeners[number] = nil } }
}

/// Some hosts of a pool.
private struct SomeHosts: GrowingPlace {
  let pool: HostPool
  let names: [String]

  var hosts: [OpenHost] { pool.all.filter { $0.isNamed(in: names) } }

  func choose() -> OpenHost? { HostPool.leastUsed(of: hosts) }

  func whenGrown(_ body: @escaping @Sendable () -> Void) -> Int { pool.whenGrown(body) }

  func forgetGrowth(_ number: Int) { pool.forgetGrowth(number) }
}

extension NodeRuntime {
  /// The host for the next life of a supervised child; nil if it names none.
  ///
  /// - Throws: ``HostError`` if none of those that it names is up.
  func host(among names: [String]) throws(HostError) -> OpenHost? {
    guard !names.isEmpty else { return nil }
    let open = hosts.values.compactMap(\.handle).filter { $0.isNamed(in: names) }
    guard let host = HostPool.leastUsed(of: open.sorted { $0.number < $1.number }) else {
      throw HostError(.over, host: names.joined(separator: ", "), "no host of this name is up")
    }
    return host
  }
}
