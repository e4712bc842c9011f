internal import ProcessTreeLinks
public import ProcessTreeSupervision

extension Node {
  /// Runs `body` with a supervisor, which keeps children alive; all of them have been reaped when
  /// this returns or throws.
  ///
  /// ```swift
  /// try await node.withSupervisor(
  ///   [ChildSpecification("web", Web(), backoff: RestartBackoff(first: .milliseconds(100)))]
  /// ) { supervisor in
  ///   try await supervisor.waitUntilUp()
  ///   try await supervisor.waitUntilOver()
  /// }
  /// ```
  ///
  /// The children are stopped when `body` ends, when the surrounding task is cancelled and when the
  /// node is stopped: those that depend on others before these, independent ones together.
  ///
  /// - Parameters:
  ///   - specifications: The first children, in the order of start.
  ///   - strategy: Which children are replaced when one has to be started again.
  ///   - intensity: How many restarts are made before the supervisor gives up.
  ///   - automaticShutdown: Whether the supervisor ends with its significant children.
  ///   - limit: How many children are alive at a time; any number if `nil`.
  ///   - stopWithin: The one deadline for the stop of all children at the end of the scope; `nil`
  ///     for the time that the children's policies add up to.
  ///   - body: The code that uses the supervisor. It is cancelled when the supervisor gives up.
  /// - Returns: The result of `body`.
  /// - Throws: The error of `body`; a ``SupervisorFailure`` when the supervisor gave up;
  ///   `nameTaken`, `invalidName`, `invalidSpecification` and `programNotFindable` before anything
  ///   is started; `nodeEnding`; `CancellationError`.
  public func withSupervisor<Value: Sendable>(
    _ specifications: [ChildSpecification] = [], strategy: SupervisionStrategy = .oneForOne,
    intensity: RestartIntensity = .default, automaticShutdown: AutomaticShutdown = .never,
    limit: Int? = nil, stopWithin: Duration? = nil,
    _ body: @escaping @Sendable (Supervisor) async throws -> Value
  ) async throws -> Value {
    let supervisor = try await runtime.run { [self] runtime in
      let controller = try SupervisorController(
        of: self, in: runtime, specifications, strategy, intensity, automaticShutdown, limit: limit)
      return Supervisor(LoopBound(controller, on: runtime.loop), of: self)
    }
    let stop: @Sendable (String) -> Void = { [identity] reason in
      let request = identity.stopRequest(because: reason)
      supervisor.controller.perform { $0.stopAll(request, within: stopWithin) }
    }
    let result = await withTaskCancellationHandler {
      await Self.result(of: body, with: supervisor)
    } onCancel: {
      stop("the surrounding task was cancelled")
    }
    stop("the scope of its supervisor has ended")
    let ending = await runtime.lendingSlot { await supervisor.end(isShielded: true) }
    if case .gaveUp(let chain) = ending {
      throw SupervisorFailure(supervisor: name, chain: chain)
    }
    return try result.get()
  }

  /// Runs the body, and cancels it when the supervisor gives up.
  private static func result<Value: Sendable>(
    of body: @escaping @Sendable (Supervisor) async throws -> Value, with supervisor: Supervisor
  ) async -> Result<Value, any Error> {
    await withTaskGroup(of: Result<Value, any Error>?.self) { group in
      group.addTask {
        do { return .success(try await body(supervisor)) } catch { return .failure(error) }
      }
      group.addTask {
        // After a shutdown the body decides how long it goes on.
        guard case .gaveUp = await supervisor.end(isShielded: false) else { return nil }
        return .failure(CancellationError())
      }
      var result: Result<Value, any Error>?
      for await case let ended? in group {
        result = result ?? ended
        group.cancelAll()
      }
      return result ?? .failure(CancellationError())
    }
  }

  /// Reports to the parent that this node is up: those that depend on it may start.
  ///
  /// A supervisor waits for it if, by the child's specification, its program announces it.
  /// A second call does nothing, unless the node has announced meanwhile that it is down.
  public func announceUp() {
    runtime.perform { $0.announce(isUp: true) }
  }

  /// Reports to the parent that this node is not up any more, although it runs: those that wait for
  /// it do not start before it announces that it is up again.
  ///
  /// Those that run go on. A second call does nothing, unless the node has announced meanwhile that
  /// it is up.
  public func announceDown() {
    runtime.perform { $0.announce(isUp: false) }
  }
}
