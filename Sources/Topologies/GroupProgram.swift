internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeTopologyFormat

/// A group of a file that has a process of its own.
struct GroupProgram: NodeProgram {
  let plan: GroupPlan
  let timeLimit: Duration?
  let context: RunContext
  /// Those of channels of outer groups.
  var ends = ProgramEnds()

  func run(in node: Node) async throws {
    let run = GroupRun(plan, context, ends) { node.announceUp() }
    let verdict = try await node.keeping(to: timeLimit) { try await run.run(in: node) }
    switch verdict {
    case .success, .code(0, _): return
    case .code(let code, _): node.exit(code)
    case .failure(let account): throw GroupFailure(description: account)
    }
  }
}

/// A node of a group failed, and with it the group.
struct GroupFailure: Error, CustomStringConvertible {
  let description: String
}

/// A run of a group under a supervisor.
struct GroupRun: Sendable {
  private let plan: GroupPlan
  private let context: RunContext
  private let outer: ProgramEnds
  private let onUp: @Sendable () -> Void

  /// - Parameter onUp: Called when all nodes are up or have ended, if that does not end the group.
  init(
    _ plan: GroupPlan, _ context: RunContext, _ outer: ProgramEnds = ProgramEnds(),
    onUp: @escaping @Sendable () -> Void
  ) {
    self.plan = plan
    self.context = context
    self.outer = outer
    self.onUp = onUp
  }

  /// Runs the group to its end; no node of it is left afterwards.
  func run(in node: Node) async throws -> GroupVerdict {
    guard !plan.nodes.isEmpty else { return .success }
    guard !plan.hosts.isEmpty else { return try await supervise(in: node) }
    return try await node.withHosts(plan.hosts) { _ in try await supervise(in: node) }
  }

  private func supervise(in node: Node) async throws -> GroupVerdict {
    let end = GroupEnd(plan)
    let ends = ProgramEnds(plan, at: node, outer: outer)
    let specifications = try plan.nodes.map { try specification($0, at: node, ends) }
    let held = Lock(HeldEnds(ends.all, plan))
    let (ups, up) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    return try await node.withSupervisor(
      specifications,
      strategy: SupervisionStrategy(rawValue: plan.strategy.rawValue) ?? .oneForOne,
      intensity: RestartIntensity(restarts: plan.restarts, within: plan.period),
      limit: plan.limit, stopWithin: plan.stopWithin
    ) { supervisor in
      try await withThrowingTaskGroup(of: GroupVerdict?.self) { group in
        group.addTask {
          for await _ in ups {
            onUp()
            break
          }
          return nil
        }
        group.addTask {
          let verdict: GroupVerdict = try await supervisor.wait { (changes: SupervisedChanges) in
            for over in held.withLock({ $0.takeOver(changes) }) { ends[over]?.release() }
            let verdict = end.verdict(changes)
            if verdict == nil, changes.areSettled { up.yield() }
            return verdict
          }
          return verdict
        }
        defer { group.cancelAll() }
        for try await case let verdict? in group { return verdict }
        throw CancellationError()
      }
    }
  }

  private func specification(
    _ node: NodePlan, at root: Node, _ ends: ProgramEnds
  ) throws -> ChildSpecification {
    let own = ends.ends(of: node)
    let program: any NodeProgram =
      switch node.kind {
      case .group(let group):
        GroupProgram(plan: group, timeLimit: node.timeLimit, context: context, ends: own)
      case .command(let plan): CommandProgram(node: node, plan: plan, context: context)
      case .pipeline(let plan): PipelineProgram(node: node, plan: plan, context: context)
      case .program(let plan):
        try Self.listed(plan.name, at: root).make(node, plan, context, own)
      }
    var isGroup = false
    if case .group = node.kind { isGroup = true }
    return ChildSpecification(
      node.name, program, restart: node.restart.type, stopPolicy: node.stopPolicy,
      dependsOn: node.dependsOn.mapValues { DependencyCondition(rawValue: $0.rawValue) ?? .up },
      backoff: node.restart.backoff.map {
        RestartBackoff(first: $0.first, factor: $0.factor, most: $0.most, jitter: $0.jitter)
      }, instances: node.instances,
      announcesUp: isGroup || node.readiness != nil, startsByItself: !node.isManual,
      hosts: node.hosts)
  }

  private static func listed(_ name: String, at node: Node) throws -> any ListedProgram.Type {
    guard let listed = Catalog.listed(at: node, name) else {
      throw SystemRefusal(
        description:
          "the programs of this app have no '\(name)': does it declare `programs` itself?")
    }
    return listed
  }
}

extension RestartPlan {
  var type: RestartType {
    switch when {
    case .always: .permanent
    case .onFailure: .transient
    case .never: .temporary
    }
  }
}

extension NodePlan {
  /// The time that the node's process gets, so that its command has as much as in the file: a node
  /// keeps a fifth for itself, of which half has to do for the end of a command that was killed.
  var stopPolicy: StopPolicy {
    if stop.signal == "KILL", stop.command == nil { return .kill }
    let whole = longestStop / 4 * 5
    let last = min(whole / 10, .seconds(1))
    return StopPolicy(ask: whole - last, terminate: last)
  }
}
