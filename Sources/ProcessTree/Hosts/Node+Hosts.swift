internal import ProcessTreeLinks
public import ProcessTreeSupervision
internal import ProcessTreeWire

extension Node {
  /// Opens hosts, on which children can run in `body`, and closes them at its end.
  ///
  /// ```swift
  /// try await root.withHosts([.ssh("alice@b", slots: 8), .ssh("c", slots: 4)]) { hosts in
  ///   let child = try await root.spawn(Square(number: 12), on: hosts)
  ///   print(child.name, try await child.result)
  /// }
  /// ```
  ///
  /// A child on a host is a child of this node like any other: its messages, result, events and
  /// output come here, and it is stopped and waited for from here. What it starts itself runs
  /// beside it. Channels reach there.
  ///
  /// A connection that breaks is replaced by another one, and nobody notices. A host without one
  /// for longer than ``Host/lease`` is over: its children end with the cause
  /// ``ExitCause/hostLost(_:)``, and everything that runs there is killed over there.
  ///
  /// - Parameters:
  ///   - hosts: The hosts, with names of their own.
  ///   - minimum: How many have to be up; all if `nil`. Of one that is not, there is an event
  ///     ``LifecycleEvent/Kind/hostOver(_:)``.
  ///   - body: The code that uses them. Handles of hosts are of no use outside.
  /// - Returns: The result of `body`.
  /// - Throws: The error of `body`; a ``HostError`` when one of the hosts cannot be opened, or as
  ///   many that fewer than `minimum` are left, which names the others that were being opened then
  ///   and cannot be either, with none left open; `CancellationError`.
  public func withHosts<Value>(
    _ hosts: [Host], minimum: Int? = nil, _ body: (HostPool) async throws -> Value
  ) async throws -> Value {
    let pool = HostPool(of: self)
    let result: Result<Value, any Error>
    do {
      try await pool.add(hosts, minimum: minimum)
      result = .success(try await body(pool))
    } catch {
      result = .failure(error)
    }
    await pool.close()
    return try result.get()
  }

  /// Opens hosts as they come, on which children can run in `body`, and closes them at its end.
  ///
  /// ```swift
  /// try await root.withHosts(joining: root.hostsOfSlurmArray("1234")) { hosts in
  ///   try await root.withPool(on: hosts) { pool in
  ///     try await pool.map(over: inputs, using: Square())
  ///   }
  /// }
  /// ```
  ///
  /// Hosts that come while `body` runs join the pool of hosts as by ``HostPool/add(_:minimum:)``,
  /// and pools of workers there grow. Of a host that cannot be opened there is an event
  /// ``LifecycleEvent/Kind/hostOver(_:)``. The end of the sequence ends nothing; an error of it
  /// while `body` runs is reported by the node.
  ///
  /// - Parameters:
  ///   - hosts: The hosts, with names of their own, each when it can be opened.
  ///   - minimum: With how many of them `body` begins.
  ///   - body: The code that uses them. Handles of hosts are of no use outside.
  /// - Returns: The result of `body`.
  /// - Throws: The error of `body`; before it begins that of the sequence, or a ``HostError`` if
  ///   the sequence has ended with fewer hosts than `minimum`; `CancellationError`.
  public func withHosts<Hosts: AsyncSequence & Sendable, Value>(
    joining hosts: Hosts, minimum: Int = 1, _ body: (HostPool) async throws -> Value
  ) async throws -> Value where Hosts.Element == Host {
    try await withHosts([], joining: [JoiningHosts(hosts, minimum: minimum)], minimum: nil, body)
  }

  /// Opens hosts, and others as they come, on which children can run in `body`, and closes them at
  /// its end.
  ///
  /// - Parameters:
  ///   - hosts: The hosts that are there.
  ///   - others: Those that come later.
  ///   - minimum: How many have to be up in all for `body` to begin; if `nil`, all of `hosts` and
  ///     as many of each of `others` as its own minimum.
  ///   - body: The code that uses them.
  package func withHosts<Value>(
    _ hosts: [Host], joining others: [JoiningHosts], minimum: Int?,
    _ body: (HostPool) async throws -> Value
  ) async throws -> Value {
    guard !others.isEmpty else { return try await withHosts(hosts, minimum: minimum, body) }
    let pool = HostPool(of: self)
    let result: Result<Value, any Error> = await withTaskGroup(of: Void.self) { group in
      for other in others { group.addTask { await other.join(pool) } }
      let result: Result<Value, any Error>
      do {
        try await pool.add(hosts, minimum: minimum.map { _ in 0 })
        try await pool.wait(for: others, minimum: minimum)
        result = .success(try await body(pool))
      } catch {
        result = .failure(error)
      }
      group.cancelAll()
      await pool.close()
      await group.waitForAll()
      return result
    }
    return try result.get()
  }

  // MARK: Children

  /// Makes a child that runs on another host, without starting it.
  ///
  /// It runs on `place`: a host, the pool of hosts to choose from, or beside this node if it is
  /// `nil` or an ``OwnHost``. The other parameters are those of
  /// ``makeChild(_:name:daemon:stopPolicy:settings:liveness:)``.
  ///
  /// - Throws: A ``HostError`` if no host is up, or if another node has opened it; the errors of
  ///   ``makeChild(_:name:daemon:stopPolicy:settings:liveness:)``.
  public func makeChild<Program: NodeProgram>(
    _ program: Program, on place: (any Place)?, name: String? = nil, daemon: Bool? = nil,
    stopPolicy: StopPolicy? = nil, settings: ProcessSettings = ProcessSettings(),
    liveness: Liveness? = nil
  ) throws -> Child<Program.Output> {
    guard let place, !(place is OwnHost) else {
      return try makeChild(
        program, name: name, daemon: daemon, stopPolicy: stopPolicy, settings: settings,
        liveness: liveness)
    }
    guard let host = place.choose() else { throw HostError(noneOpenOf: place.hosts) }
    guard host.isOpen else {
      throw HostError(.over, host: host.name, host.trouble ?? "it is not open")
    }
    guard host.controller.loop === runtime.loop else {
      throw HostError(.invalidHost, host: host.name, "another node has opened it")
    }
    return try makeChild(
      program, name: name, daemon: daemon, stopPolicy: stopPolicy, settings: settings,
      liveness: liveness, life: nil, host: host, drainsWithHost: !(place is PlaceOfWorker))
  }

  /// Makes a child that runs on another host, starts it, and returns once it is about to run its
  /// program.
  ///
  /// The parameters are those of ``makeChild(_:on:name:daemon:stopPolicy:settings:liveness:)`` and
  /// ``AnyChild/start(timeout:)``.
  ///
  /// - Throws: The errors of ``makeChild(_:on:name:daemon:stopPolicy:settings:liveness:)`` and
  ///   ``AnyChild/start(timeout:)``.
  public func spawn<Program: NodeProgram>(
    _ program: Program, on place: (any Place)?, name: String? = nil, daemon: Bool? = nil,
    stopPolicy: StopPolicy? = nil, settings: ProcessSettings = ProcessSettings(),
    liveness: Liveness? = nil, timeout: Duration? = nil
  ) async throws -> Child<Program.Output> {
    let child = try makeChild(
      program, on: place, name: name, daemon: daemon, stopPolicy: stopPolicy, settings: settings,
      liveness: liveness)
    try await child.start(timeout: timeout)
    return child
  }

  /// The name of the host that this node runs on; `nil` for that of the run's root.
  public var host: String? { identity.placement?.name }
}

extension AnyChild {
  /// The name of the host that the child runs on; `nil` for that of the run's root.
  public var host: String? { declaration.hostName }
}
