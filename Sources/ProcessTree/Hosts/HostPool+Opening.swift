internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire

extension HostPool {
  /// Opens further hosts, which belong to the same scope.
  ///
  /// ```swift
  /// try await root.withHosts([.ssh("alice@b")]) { hosts in
  ///   try await root.withPool(on: hosts) { pool in
  ///     async let results = pool.map(over: inputs, using: Square())
  ///     try await hosts.add([.ssh("alice@c")])  // The pool has more workers now.
  ///     …
  ///   }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - hosts: The hosts, with names that no other open one has. A lost host may be opened anew by
  ///     its name.
  ///   - minimum: How many of these have to be up; all if `nil`. Of one that is not, there is an
  ///     event ``LifecycleEvent/Kind/hostOver(_:)``.
  /// - Returns: Those that have been opened, which are hosts of this pool from now on.
  /// - Throws: A ``HostError`` as ``Node/withHosts(_:minimum:_:)`` does, with the code `over` when
  ///   the scope has ended; the pool has the hosts then that it had before. `CancellationError`.
  @discardableResult
  public func add(_ hosts: [Host], minimum: Int? = nil) async throws -> [OpenHost] {
    try begin(hosts)
    var opened: [OpenHost] = []
    do {
      try await open(
        try await node.copyingProgram(to: hosts),
        minimum: max(0, min(minimum ?? hosts.count, hosts.count)), into: &opened)
      end(hosts, opened)
    } catch {
      await close(opened)
      end(hosts, [])
      throw error
    }
    let listeners = state.withLock { $0.isClosed ? [] : Array($0.listeners.values) }
    if opened.contains(where: \.isOpen) { for listener in listeners { listener() } }
    return opened
  }

  /// Checks hosts, and that nobody else has their names.
  private func begin(_ hosts: [Host]) throws {
    for host in hosts { try host.check() }
    guard node.configuration.startMethod != .inProcess else {
      throw ProcessTreeError(
        .invalidConfiguration, "With the start method inProcess there are no other hosts.")
    }
    try state.withLock { state in
      guard !state.isClosed else { throw Self.scopeHasEnded(hosts.first?.name ?? "") }
      var names = state.names.union(
        state.hosts.lazy.filter { if case .over = $0.state { false } else { true } }.map(\.name))
      for host in hosts where !names.insert(host.name).inserted {
        throw HostError(.invalidHost, host: host.name, "two hosts have this name")
      }
      state.names.formUnion(hosts.map(\.name))
      state.calls += 1
    }
  }

  private func end(_ hosts: [Host], _ opened: [OpenHost]) {
    state.withLock { state in
      state.names.subtract(hosts.map(\.name))
      state.opening.removeAll { host in opened.contains { $0 === host } }
      state.hosts += opened
      state.calls -= 1
    }
  }

  private static func scopeHasEnded(_ name: String) -> HostError {
    HostError(.over, host: name, "the scope of its hosts has ended")
  }

  /// How many hosts are being opened at a time: `sshd` turns away more when it is the same for all.
  static let mostOpening = 16

  /// Opens hosts until too many have failed; throws with all of those that were being opened then
  /// and fail.
  private func open(
    _ hosts: [Result<Host, HostError>], minimum: Int, into opened: inout [OpenHost]
  ) async throws {
    var failures: [HostError] = []
    var starts: [ContinuousClock.Instant] = []
    var (next, known) = (0, 0)
    var isPossible: Bool {
      hosts.count - failures.count >= minimum && !state.withLock(\.isClosed)
    }
    while known < opened.count || next < hosts.count && isPossible {
      do {
        while next < hosts.count, isPossible, opened.count < known + Self.mostOpening {
          next += 1
          let host = try hosts[next - 1].get()
          let start = ContinuousClock.now
          opened.append(try await begin(host))
          starts.append(start)
        }
        guard known < opened.count else { continue }
        known += 1
        try await waitUntilUp(opened[known - 1], since: starts[known - 1])
      } catch let error as HostError {
        failures.append(error)
      }
    }
    guard !isPossible, var error = failures.first else { return }
    for other in failures.dropFirst() { error.message += "; host \(other.host): \(other.message)" }
    throw error
  }

  /// Starts the near half of a host.
  private func begin(_ host: Host) async throws -> OpenHost {
    // No other node of the run, wherever it is, gives a host this number.
    let number = try randomBytes(4).reduce(0) { $0 << 8 | UInt32($1) }
    let shared = OpenHost.Shared()
    let way = try HostWay(to: host)
    let controller = try await node.runtime.run { runtime in
      let controller = HostController(number, host, way, in: runtime, shared: shared)
      runtime.hosts[number] = controller
      return LoopBound(controller, on: runtime.loop)
    }
    var keeper: Child<HostEnd?>?
    do {
      let made = try node.makeKeeper(of: host, number, way)
      keeper = made
      try await made.start()
      let isThere = try await node.runtime.run { runtime in
        guard let child = runtime.controller(of: made) else { return false }
        controller.value.begin(child)
        return true
      }
      guard isThere else { throw await failure(of: made, for: host) }
    } catch {
      node.runtime.perform { $0.hosts[number] = nil }
      keeper?.kill()
      throw error
    }
    let opened = OpenHost(host, number, controller, shared)
    controller.perform { $0.handle = opened }
    let isClosed = state.withLock { state in
      state.opening.append(opened)
      return state.isClosed
    }
    if isClosed { askToEnd(opened) }
    return opened
  }

  /// Why a near half has ended before anybody looked.
  private func failure(of keeper: Child<HostEnd?>, for host: Host) async -> HostError {
    let end = try? await keeper.result
    return end?.error
      ?? HostError(.notReached, host: host.name, "its keeper has ended at once")
  }

  private func waitUntilUp(_ host: OpenHost, since start: ContinuousClock.Instant) async throws {
    let remaining = host.host.startDeadline - (ContinuousClock.now - start)
    let isInTime: Void? = await node.runtime.wait { (wait: LoopBound<Wait<Void>>) in
      let controller = host.controller.value
      guard controller.hello == nil, !controller.isOver else { return wait.value.end(()) }
      wait.value.join(controller.knownWaiters, within: max(.zero, remaining))
    }
    try Task.checkCancellation()
    if host.isOpen { return }
    if state.withLock(\.isClosed) { throw Self.scopeHasEnded(host.name) }
    guard isInTime != nil else { throw EngineCommand.lateness(of: host.host) }
    throw try await host.controller.run { $0.failure }
      ?? HostError(.notReached, host: host.name, "it has ended before it was up")
  }

  // MARK: The end

  /// Closes all hosts; returns when nothing of them is left here, nor a call that opens one.
  func close() async {
    let hosts = state.withLock { state in
      state.isClosed = true
      return state.hosts + state.opening
    }
    for host in hosts { askToEnd(host) }
    await node.runtime.lendingSlot {
      await state.waitShielded { $0.calls == 0 ? () : nil }
    }
    await close(all)
  }

  private func close(_ hosts: [OpenHost]) async {
    for host in hosts { askToEnd(host) }
    for host in hosts {
      _ = await node.runtime.lendingSlot {
        await node.runtime.wait(isShielded: true) { (wait: LoopBound<Wait<Void>>) in
          let controller = host.controller.value
          guard !controller.isGone else { return wait.value.end(()) }
          wait.value.join(controller.goneWaiters, within: nil)
        }
      }
    }
  }

  private func askToEnd(_ host: OpenHost) {
    host.controller.perform { $0.close(because: "the scope of its host ends") }
  }
}
