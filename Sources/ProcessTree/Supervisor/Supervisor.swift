internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

/// A running supervisor; see
/// ``Node/withSupervisor(_:strategy:intensity:automaticShutdown:limit:stopWithin:_:)``.
///
/// It may be used from any task while its scope lasts. An end that these calls request
/// never counts as a restart and never triggers its strategy.
public final class Supervisor: Sendable {
  let controller: LoopBound<SupervisorController>
  let node: Node

  init(_ controller: LoopBound<SupervisorController>, of node: Node) {
    self.controller = controller
    self.node = node
  }

  /// The children as they are now, in the order of start.
  public var children: [SupervisedChild] {
    get async { (try? await controller.run(\.snapshots)) ?? [] }
  }

  /// The child of this name as it is now; `nil` if there is none.
  public func child(_ name: String) async -> SupervisedChild? {
    try? await controller.run { $0.snapshot(name) }
  }

  /// The specifications of the children, in the order of start.
  public var specifications: [ChildSpecification] {
    get async { (try? await controller.run(\.currentSpecifications)) ?? [] }
  }

  /// Adds a child behind the others, starts it, and returns when it is up or has succeeded.
  ///
  /// - Throws: The errors of ``waitUntilUp(_:timeout:)``; `nameTaken`, `invalidName`,
  ///   `invalidSpecification` and `programNotFindable`, in which case nothing was added.
  public func start(_ specification: ChildSpecification) async throws {
    try await controller.run { try $0.add(specification) }
    try await waitUntilUp(specification.name)
  }

  /// Starts a child, or all instances of a template, and returns when they are up or have
  /// succeeded.
  ///
  /// A child that runs is left alone, and one in backoff does not wait any longer.
  ///
  /// - Throws: `noSuchChild`, and the errors of ``waitUntilUp(_:timeout:)``.
  public func start(_ name: String) async throws {
    try await controller.run { try $0.request(.start(name)) }
    try await waitUntilUp(name)
  }

  /// Stops a child, or all instances of a template, and returns when they have been reaped.
  ///
  /// It does not start again before somebody asks for it. A stop of a child that is being stopped
  /// joins that stop; a restart that was asked for meanwhile still gives its new life.
  ///
  /// - Parameters:
  ///   - name: The child, or the template.
  ///   - reason: The reason, which the child and its report have.
  /// - Throws: `noSuchChild`, `scopeEnded` when the supervisor ends, `CancellationError`.
  public func stop(_ name: String, reason: String = "asked to stop") async throws {
    try await end(name, by: .stop(name), because: reason)
  }

  private func end(
    _ name: String, by request: SupervisorLife.Request, because reason: String
  ) async throws {
    let lives = try await controller.run { controller in
      let lives = controller.lives(name)
      try controller.request(request, because: reason)
      return lives
    }
    try await wait(for: name, to: .end) { controller in
      lives.allSatisfy { controller.hasEnded($0.key, incarnation: $0.value) } ? .success(()) : nil
    }
  }

  /// Lets a child, or all instances of a template, finish the work that they have and then stops
  /// them; returns when they have been reaped.
  ///
  /// A child that drains takes no new elements and requests, which go to others or wait for its
  /// next life; see ``AnyChild/drain(within:reason:)``. One that has not ended within the time is
  /// stopped as by ``stop(_:reason:)``. It does not start again before somebody asks for it.
  ///
  /// - Parameters:
  ///   - name: The child, or the template.
  ///   - time: How long the child may take to finish its work.
  ///   - reason: The reason, which the child and its report have.
  /// - Throws: The errors of ``stop(_:reason:)``.
  public func drain(
    _ name: String, within time: Duration, reason: String = "asked to drain"
  ) async throws {
    try await end(name, by: .drain(name, within: time), because: reason)
  }

  /// Gives a child, or all instances of a template, a new life; returns when that is up.
  ///
  /// A restart of a child that is on its way to a new life joins that.
  ///
  /// - Throws: `noSuchChild`, and the errors of ``waitUntilUp(_:timeout:)``.
  public func restart(_ name: String, reason: String = "asked to restart") async throws {
    let lives = try await controller.run { controller in
      let lives = controller.nextLives(name)
      try controller.request(.restart(name), because: reason)
      return lives
    }
    try await wait(for: name) { controller in
      lives.allSatisfy { controller.hasReached($0.key, incarnation: $0.value) }
        ? controller.isUp(name) : controller.inability(name)
    }
  }

  /// Changes the number of instances of a template; returns when the new ones are up and the
  /// surplus ones have been reaped.
  ///
  /// Instances that somebody has had stopped, or that nobody has started, stay so.
  ///
  /// - Throws: `noSuchChild`, `invalidSpecification` if the child is no template, `nameTaken`, and
  ///   the errors of ``waitUntilUp(_:timeout:)``.
  public func scale(_ name: String, to count: Int) async throws {
    try await controller.run {
      try $0.request(.scale(name, to: count), because: "scaled to \(count)")
    }
    try await wait(for: name) { $0.isScaled(name) }
  }

  /// Forgets a child, or a template, that does not run and that nobody depends on.
  ///
  /// - Throws: `noSuchChild`; `invalidSpecification` if it runs or somebody depends on it.
  public func remove(_ name: String) async throws {
    try await controller.run { try $0.request(.remove(name)) }
  }

  /// Waits until a child, or all instances of a template, are up or have succeeded; for all
  /// children without a name.
  ///
  /// - Throws: A ``ChildFailure`` when a child has failed and is not started again; `notStarted`
  ///   when it was stopped, or skipped because of a dependency; `deadlinePassed` after the timeout;
  ///   `noSuchChild`; a ``SupervisorFailure`` when the supervisor gave up; `scopeEnded` when it has
  ///   ended; `CancellationError`.
  public func waitUntilUp(_ name: String? = nil, timeout: Duration? = nil) async throws {
    try await wait(for: name, within: timeout) { $0.isUp(name) }
  }

  /// Waits until the supervisor has ended and no child is left.
  ///
  /// A program that waits here has nothing else to do, so when its node drains, the supervisor
  /// ends: its children drain, those that depend on others before these.
  ///
  /// - Throws: A ``SupervisorFailure`` when it gave up, and `CancellationError`.
  public func waitUntilOver() async throws {
    controller.perform { $0.drainWithNode() }
    let ending = await node.runtime.lendingSlot { await end(isShielded: false) }
    if case .gaveUp(let chain) = ending {
      throw SupervisorFailure(supervisor: node.name, chain: chain)
    }
    if ending == nil { throw CancellationError() }
  }

  /// Waits until `look` finds something in the children, which it sees in the order of start now
  /// and after each change; it runs on the node's event loop.
  ///
  /// - Parameter look: The code that looks; it returns `nil` for as long as the wait goes on.
  /// - Returns: What it found.
  /// - Throws: A ``SupervisorFailure`` when the supervisor gave up; `scopeEnded` when it has ended;
  ///   `CancellationError`.
  public func wait<Value: Sendable>(
    until look: @escaping @Sendable ([SupervisedChild]) -> Value?
  ) async throws -> Value {
    try await wait { (changes: SupervisedChanges) in look(changes.all) }
  }

  /// Waits until `look` finds something in the children, which it follows from one change to the
  /// next.
  ///
  /// - Parameter look: The code that looks, as in ``wait(until:)``.
  /// - Throws: The errors of ``wait(until:)``.
  package func wait<Value: Sendable>(
    following look: @escaping @Sendable (SupervisedChanges) -> Value?
  ) async throws -> Value {
    let found = Lock<Value?>(nil)
    try await wait(for: nil, to: .end) { controller in
      guard let value = look(controller.changes) else { return nil }
      found.withLock { $0 = value }
      return .success(())
    }
    guard let value = found.withLock({ $0 }) else { throw CancellationError() }
    return value
  }

  /// How the supervisor ended, once it has; nil when the task is cancelled.
  func end(isShielded: Bool) async -> SupervisorLife.Ending? {
    let subjects: @Sendable () -> [String] = { [controller] in
      controller.value.subjects(nil, awaiting: .end)
    }
    return await node.runtime.noting(.end, subjects) {
      await controller.wait(isShielded: isShielded) { [controller] wait in
        controller.value.wait(wait.value, for: nil, within: nil) { $0.over }
      }
    }
  }

  private func wait(
    for name: String?, to kind: NodeWait.Kind = .up, within time: Duration? = nil,
    until look: @escaping @Sendable (SupervisorController) -> Result<Void, any Error>?
  ) async throws {
    try Task.checkCancellation()
    let result: Result<Void, any Error>? = await node.runtime.lendingSlot {
      let subjects: @Sendable () -> [String] = { [controller] in
        controller.value.subjects(name, awaiting: kind)
      }
      return await node.runtime.noting(kind, within: time, subjects) {
        await controller.wait { [controller] wait in
          controller.value.wait(wait.value, for: name, within: time) { supervisor in
            look(supervisor) ?? supervisor.refusalOfTheEnded
          }
        }
      }
    }
    try Task.checkCancellation()
    guard let result else {
      throw ProcessTreeError(
        .deadlinePassed,
        "\(name ?? "The supervisor's children") took more than \(time ?? .zero): "
          + "\(try await controller.run { $0.delays(name) }).")
    }
    try result.get()
  }
}
