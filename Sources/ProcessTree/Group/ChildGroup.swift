internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision

/// The children of one scope; see ``Node/withChildren(of:limit:_:)``.
///
/// It is a sequence of the children's results in the order of completion. Use it inside its scope.
/// Any task may add children; one task at a time receives.
public final class ChildGroup<Output: Sendable>: Sendable {
  private struct Shared {
    var group: GroupState<Output>
    var children: [Int: Child<Output>] = [:]

    /// The failures that came, once no child is left.
    var failuresAtEnd: [any Error]? { group.isIdle ? group.failures : nil }
  }

  private let node: Node
  private let shared: Protected<Shared>

  init(of node: Node, limit: Int) {
    self.node = node
    shared = Protected(Shared(group: GroupState(limit: limit)))
  }

  /// Waits for a free slot, then starts a child in it; returns while the child is starting.
  ///
  /// A child that cannot start is a failure of the group, like any other end without a result.
  ///
  /// - Parameters:
  ///   - program: The program that the child runs.
  ///   - name: The child's name; by default its place.
  ///   - stopPolicy: How long each step of stopping the child may take; by default the
  ///     configuration's.
  ///   - settings: The limits, environment and directory of its process; by default this node's.
  ///   - liveness: How long the child may be silent; by default as for
  ///     ``Node/makeChild(_:name:daemon:stopPolicy:settings:liveness:)``.
  /// - Returns: The child.
  /// - Throws: The group's first failure, `CancellationError` if the task or the group was
  ///   cancelled, `scopeEnded` outside of the scope, and the errors of
  ///   ``Node/makeChild(_:name:daemon:stopPolicy:settings:liveness:)``.
  @discardableResult
  public func spawn<Program: NodeProgram>(
    _ program: Program, name: String? = nil, stopPolicy: StopPolicy? = nil,
    settings: ProcessSettings = ProcessSettings(), liveness: Liveness? = nil
  ) async throws -> Child<Output> where Program.Output == Output {
    try await spawn {
      try node.makeChild(
        program, name: name, stopPolicy: stopPolicy, settings: settings, liveness: liveness)
    }
  }

  /// Waits for a free slot, then starts a child on another host in it; returns while the child is
  /// starting.
  ///
  /// The parameters are those of ``spawn(_:name:stopPolicy:settings:liveness:)`` and
  /// ``Node/makeChild(_:on:name:daemon:stopPolicy:settings:liveness:)``.
  ///
  /// - Throws: The errors of ``spawn(_:name:stopPolicy:settings:liveness:)``, and a ``HostError``
  ///   if no host is up.
  @discardableResult
  public func spawn<Program: NodeProgram>(
    _ program: Program, on place: (any Place)?, name: String? = nil,
    stopPolicy: StopPolicy? = nil, settings: ProcessSettings = ProcessSettings(),
    liveness: Liveness? = nil
  ) async throws -> Child<Output> where Program.Output == Output {
    try await spawn {
      try node.makeChild(
        program, on: place, name: name, stopPolicy: stopPolicy, settings: settings,
        liveness: liveness)
    }
  }

  private func spawn(_ make: () throws -> Child<Output>) async throws -> Child<Output> {
    let number = try await takeSlot()
    do {
      let child = try make()
      shared.withLock { $0.children[number] = child }
      try await node.runtime.launch(child) { [self] in ended(number, child) }
      // The group may have been cancelled while the child was made.
      if shared.withLock({ $0.group.isCancelled }) {
        child.request(.ask, reason: "the group was cancelled")
      }
      return child
    } catch {
      shared.withLock { shared in
        shared.children[number] = nil
        shared.group.returnSlot()
      }
      throw error
    }
  }

  private func takeSlot() async throws -> Int {
    try await wait(for: .slot) { shared -> Result<Int, any Error>? in
      if let refusal = shared.group.refusal { return .failure(refusal) }
      return shared.group.hasSlot ? .success(shared.group.takeSlot()) : nil
    }.get()
  }

  /// Waits for the next result, in the order of completion.
  ///
  /// - Returns: The result; `nil` when there are no more.
  /// - Throws: The group's first failure, as soon as there is one; `CancellationError`.
  public func next() async throws -> Output? {
    try await nextNumbered()?.output
  }

  private func nextNumbered() async throws -> (number: Int, output: Output)? {
    try await wait(for: .end) { $0.group.next() }.get()
  }

  /// Combines all remaining results, in the order of completion.
  ///
  /// - Throws: The error of `combine`, and the errors of ``next()``.
  public func reduce<Combined>(
    _ initial: Combined, _ combine: (Combined, Output) throws -> Combined
  ) async throws -> Combined {
    var combined = initial
    while let output = try await next() { combined = try combine(combined, output) }
    return combined
  }

  /// Collects all remaining results, in the order of completion.
  ///
  /// - Throws: The errors of ``next()``.
  public func collect() async throws -> [Output] {
    var outputs: [Output] = []
    while let output = try await next() { outputs.append(output) }
    return outputs
  }

  /// Collects all remaining results, in the order in which their children were spawned.
  ///
  /// - Throws: The errors of ``next()``.
  public func inSpawnOrder() async throws -> [Output] {
    var outputs: [(number: Int, output: Output)] = []
    while let output = try await nextNumbered() { outputs.append(output) }
    return outputs.sorted { $0.number < $1.number }.map(\.output)
  }

  /// Stops all children of the group and refuses further ones.
  public func cancelAll() { cancelAll(reason: "the group was cancelled") }

  // MARK: The scope

  func cancelAll(reason: String) {
    let children = shared.withLock { shared -> [Child<Output>] in
      _ = shared.group.cancel()
      return shared.children.sorted { $0.key > $1.key }.map(\.value)
    }
    for child in children { child.request(.ask, reason: reason) }
  }

  /// Refuses further children, and waits until all have been reaped.
  ///
  /// - Returns: The failures of the group.
  func close() async -> [any Error] {
    shared.withLock { $0.group.close() }
    if let failures = shared.withLock({ $0.failuresAtEnd }) { return failures }
    return await node.runtime.lendingSlot {
      await node.runtime.noting(.end, subjects) {
        // No key path, which would be looked up and made.
        await shared.waitShielded { $0.failuresAtEnd }
      }
    }
  }

  private func ended(_ number: Int, _ child: Child<Output>) {
    let ending: GroupState<Output>.Ending
    do {
      ending = .result(try child.recordedResult())
    } catch let failure as ChildFailure where shared.withLock({ $0.group.isCancelled }) {
      ending = failure.cause.isStop ? .stopped : .failure(failure)
    } catch {
      ending = .failure(error)
    }
    let mustStopOthers = shared.withLock { shared in
      shared.children[number] = nil
      return shared.group.ended(number, ending)
    }
    if mustStopOthers { cancelAll(reason: "\(child.name) failed") }
  }

  /// Waits until `take` finds what it looks for; with the node's slot lent to the tree meanwhile.
  private func wait<Value: Sendable>(
    for kind: NodeWait.Kind, _ take: @escaping @Sendable (inout Shared) -> Value?
  ) async throws -> Value {
    try Task.checkCancellation()
    if let value = shared.withLock(take) { return value }
    return try await node.runtime.lendingSlot {
      try await node.runtime.noting(kind, subjects) { try await shared.wait(for: take) }
    }
  }

  /// The children for which a task of the group waits.
  @Sendable private func subjects() -> [String] {
    shared.withLock { $0.children.sorted { $0.key < $1.key }.map(\.value) }.map(\.subject)
  }
}

extension ChildGroup: AsyncSequence {
  /// The results in the order of completion.
  public struct Iterator: AsyncIteratorProtocol {
    let group: ChildGroup

    /// Waits for the next result; `nil` when there are no more.
    ///
    /// - Throws: The errors of ``ChildGroup/next()``.
    public mutating func next() async throws -> Output? { try await group.next() }
  }

  /// Begins to receive results.
  public func makeAsyncIterator() -> Iterator { Iterator(group: self) }
}
