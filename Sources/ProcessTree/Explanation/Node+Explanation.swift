internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension Node {
  /// Explains what the node at an address waits for, and how its process stands.
  ///
  /// The node's event loop answers, whatever its program does. If it does not answer in time, its
  /// parent reports what the kernel knows of the process: whether it is stopped or traced, and in
  /// which function of the kernel its threads are. A supervised child without a process is
  /// explained by its supervisor.
  ///
  /// - Parameters:
  ///   - address: The address of any node of the tree.
  ///   - patience: How long its loop has to answer; each node on the way adds 100 ms.
  ///   - stacks: Whether to request the stacks of the threads too, which each thread writes itself
  ///     when a signal asks it, also when the loop does not turn. It has 500 ms.
  /// - Returns: The explanation.
  /// - Throws: `noSuchNode` if there is no node at the address, `unreachable` if it ended before it
  ///   could answer or if a node on the way does not answer, `deadlinePassed` if a node further up
  ///   does not, and `CancellationError`.
  public func explain(
    _ address: NodeAddress, within patience: Duration = .seconds(1), stacks: Bool = false
  ) async throws -> NodeExplanation {
    let milliseconds = max(1, min(patience, .seconds(3_600)).wholeMilliseconds)
    let question = AddressQuestion(address, .explain(within: milliseconds, stacks: stacks))
    let longest = Duration.milliseconds(milliseconds) + Self.longestWay
    switch try await ask(question, within: longest) {
    case .explained(let explanation):
      if stacks, isRoot, address == .root { return try await explainSelf(stacks: true) }
      var readable = explanation
      readable.threads = await readableStacks(explanation.threads)
      return readable
    case .failed(let failure, let text): throw ProcessTreeError(search: failure, text)
    case .mailbox, .monitored, .operated:
      throw ProcessTreeError(.unreachable, "\(address) gave another answer.")
    case nil:
      throw ProcessTreeError(
        .deadlinePassed, "Nobody explained \(address) within \(longest.inShort).")
    }
  }

  /// Explains what this node and all nodes below it wait for.
  ///
  /// Nodes whose loops do not answer are explained from outside, and so is everything below them.
  ///
  /// - Parameters:
  ///   - patience: How long each loop has to answer; all of one depth are asked at once.
  ///   - stacks: Whether to request the stacks of all threads too.
  /// - Returns: The explanations, each node before those below it.
  /// - Throws: `CancellationError`.
  public func explainTree(
    within patience: Duration = .seconds(1), stacks: Bool = false
  ) async throws -> [NodeExplanation] {
    var found = [try await explainSelf(stacks: stacks)]
    var next = 0
    while next < found.count {
      let level = found[next...]
      next = found.count
      let addresses = level.flatMap(\.children)
      for start in stride(from: 0, to: addresses.count, by: Self.mostAtOnce) {
        let some = addresses[start..<min(start + Self.mostAtOnce, addresses.count)]
        found += try await explain(some, within: patience, stacks: stacks)
      }
    }
    found += try await explainUnknown(beside: found, stacks: stacks)
    return found.sorted(by: Self.isBefore)
  }

  /// How long the way to another node and back may take, beside its answer: nodes on the way reply
  /// at once, or are named after their time.
  private static let longestWay: Duration = .seconds(5)
  /// How many nodes are asked at once.
  private static let mostAtOnce = 64

  private func explainSelf(stacks: Bool) async throws -> NodeExplanation {
    var own = try await runtime.run { $0.explanation() }
    if stacks, shared.nodes == nil { own.threads = await threads(of: pid) }
    return own
  }

  private func explain(
    _ addresses: ArraySlice<NodeAddress>, within patience: Duration, stacks: Bool
  ) async throws -> [NodeExplanation] {
    try await withThrowingTaskGroup(of: NodeExplanation?.self) { group in
      for address in addresses {
        group.addTask {
          do {
            return try await self.explain(address, within: patience, stacks: stacks)
          } catch is ProcessTreeError {
            // It has ended meanwhile.
            return nil
          }
        }
      }
      return try await group.reduce(into: []) { if let explanation = $1 { $0.append(explanation) } }
    }
  }

  /// Explains, from outside, the nodes of the picture that nobody has explained: those below a node
  /// that does not answer.
  private func explainUnknown(
    beside found: [NodeExplanation], stacks: Bool
  ) async throws -> [NodeExplanation] {
    let known = Set(found.compactMap(\.path))
    var explanations: [NodeExplanation] = []
    for (path, node) in picture.nodes(below: identity.path) where !known.contains(node.path) {
      var explanation = NodeExplanation(
        address: NodeAddress(of: path), name: node.name, path: node.path, pid: node.pid,
        incarnation: node.incarnation, phase: SupervisedPhase(node.phase), silence: .zero,
        host: node.host)
      // The kernel of this host knows nothing of processes of others.
      if let pid = node.pid, shared.nodes == nil, node.host == host,
        RunTag.read(of: pid)?.run == identity.run.runID
      {
        explanation.process = ProcessState(of: pid)
        explanation.threads = stacks ? await threads(of: pid) : ThreadStack.threads(of: pid)
      }
      explanations.append(explanation)
    }
    return explanations
  }

  func threads(of pid: Int32) async -> [ThreadStack] {
    await readableStacks(
      await withTaskContinuation { continuation in
        runtime.perform { $0.inspectThreads(of: pid) { continuation.resume(returning: $0) } }
      })
  }

  /// Looks the functions up, on a thread: the symbol table may have some hundred thousand entries.
  private func readableStacks(_ stacks: [ThreadStack]) async -> [ThreadStack] {
    guard stacks.contains(where: { !$0.frames.isEmpty }) else { return stacks }
    return (try? await offload { StackFrame.texts(of: stacks) }) ?? stacks
  }

  private static func isBefore(_ left: NodeExplanation, _ right: NodeExplanation) -> Bool {
    "\(left.address)".split(separator: "/").lexicographicallyPrecedes(
      "\(right.address)".split(separator: "/"))
  }
}
