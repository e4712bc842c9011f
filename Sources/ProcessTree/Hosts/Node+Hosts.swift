internal import ProcessTreeBase
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
  /// A child on a host is a child of this node like any other: its messages, result, events and output
  /// come here, and it is stopped and waited for from here. What it starts itself runs beside it. Channels
  /// reach there.
  ///
  /// A connection that breaks is replaced by another one, and nobody notices. A host without one for longer
  /// than ``Host/lease`` is over: its children end with the cause ``ExitCause/hostLost(_:)``, and
  /// everything that runs there is killed over there.
  ///
  /// - Parameters:
  ///   - hosts: The hosts, with names of their own.
  ///   - minimum: How many have to be up; all if `nil`. Of one that is not, there is an event ``LifecycleEvent/Kind/hostOver(_:)``.
  ///   - body: The code that uses them. Handles of hosts are of no use outside.
  /// - Returns: The result of `body`.
  /// - Throws: The error of `body`; a ``HostError`` when one of the hosts cannot be opened, or as many that fewer than
  ///   `minimum` are left, which names the others that were being opened then and cannot be either, with none left
  ///   open; `CancellationError`.
  public func withHosts<Value>(
    _ hosts: [Host], minimum: Int? = nil, _ body: (HostPool) async throws -> Value
  ) async throws -> Value {
    var names: Set<String> = []
    for host in hosts {
      try host.check()
      guard names.insert(host.name).inserted else {
        throw HostError(.invalidHost, host: host.name, "two hosts have this name")
      }
    }
    guard configuration.startMethod != .inProcess else {
      throw ProcessTreeError(
        .invalidConfiguration, "With the start method inProcess there are no other hosts.")
    }
    var opened: [OpenHost] = []
    let result: Result<Value, any Error>
    do {
      try await open(
        try await copyingProgram(to: hosts),
        minimum: max(0, min(minimum ?? hosts.count, hosts.count)), into: &opened)
      result = .success(try await body(HostPool(opened)))
    } catch {
      result = .failure(error)
    }
    for host in opened {
      host.controller.perform { $0.close(because: "the scope of its host ends") }
    }
    for host in opened { await close(host) }
    return try result.get()
  }

  /// How many hosts are being opened at a time: `sshd` turns away more when it is the same for all.
  private static let mostOpening = 16

  /// Opens hosts until too many have failed; throws with all of those that were being opened then and fail.
  private func open(
    _ hosts: [Result<Host, HostError>], minimum: Int, into opened: inout [OpenHost]
  ) async throws {
    var failures: [HostError] = []
    var starts: [ContinuousClock.Instant] = []
    var (next, known) = (0, 0)
    var isPossible: Bool { hosts.count - failures.count >= minimum }
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
    let controller = try await runtime.run { runtime in
      let controller = HostController(number, host, way, in: runtime, shared: shared)
      runtime.hosts[number] = controller
      return LoopBound(controller, on: runtime.loop)
    }
    var keeper: Child<HostEnd?>?
    do {
      let made = try makeKeeper(of: host, number, way)
      keeper = made
      try await made.start()
      let isThere = try await runtime.run { runtime in
        guard let child = runtime.controller(of: made) else { return false }
        controller.value.begin(child)
        return true
      }
      guard isThere else { throw await failure(of: made, for: host) }
    } catch {
      runtime.perform { $0.hosts[number] = nil }
      keeper?.kill()
      throw error
    }
    let opened = OpenHost(host, number, controller, shared)
    controller.perform { $0.handle = opened }
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
    let isInTime: Void? = await runtime.wait { (wait: LoopBound<Wait<Void>>) in
      let controller = host.controller.value
      guard controller.hello == nil, !controller.isOver else { return wait.value.end(()) }
      wait.value.join(controller.knownWaiters, within: max(.zero, remaining))
    }
    try Task.checkCancellation()
    if host.isOpen { return }
    guard isInTime != nil else {
      throw HostError(
        .notInTime, host: host.name,
        "it was not up after \(host.host.startDeadline.inShort): does the engine's command wait for "
          + "something, or does a login script over there?")
    }
    throw try await host.controller.run { $0.failure }
      ?? HostError(.notReached, host: host.name, "it has ended before it was up")
  }

  private func close(_ host: OpenHost) async {
    _ = await runtime.lendingSlot {
      await runtime.wait(isShielded: true) { (wait: LoopBound<Wait<Void>>) in
        let controller = host.controller.value
        guard !controller.isGone else { return wait.value.end(()) }
        wait.value.join(controller.goneWaiters, within: nil)
      }
    }
  }

  // MARK: Children

  /// Makes a child that runs on another host, without starting it.
  ///
  /// The other parameters and errors are those of
  /// ``makeChild(_:name:daemon:stopPolicy:settings:liveness:)``.
  ///
  /// It runs on `place`: a host, the pool of hosts to choose from, or beside this node if it is `nil` or a
  /// ``OwnHost``. A ``HostError`` is thrown when no host is up.
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
  /// The parameters and errors are those of
  /// ``makeChild(_:on:name:daemon:stopPolicy:settings:liveness:)`` and ``AnyChild/start(timeout:)``.
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
