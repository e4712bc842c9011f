package import ProcessTree
package import ProcessTreeTopologyFormat

/// A run of a checked topology.
package struct TopologyRun: Sendable {
  /// How the run ended.
  package struct Outcome: Sendable {
    package let exitCode: Int32
    /// Why it failed; nil for a success.
    package let account: String?
  }

  private let topology: TopologyPlan
  private let context: RunContext

  package init(_ topology: TopologyPlan, _ context: RunContext) {
    self.topology = topology
    self.context = context
  }

  /// Runs all nodes to the end of the topology, as its root.
  ///
  /// - Parameter onUp: Called when all nodes are up or have ended, if that does not end the run.
  package func run(
    in root: Node, onUp: @escaping @Sendable () -> Void = {}
  ) async throws -> Outcome {
    if topology.group.nodes.contains(where: \.writesOutput) { RootStreams.share() }
    root.configure { configuration in
      if let limit = topology.treeLimit { configuration.treeLimit = limit }
      configuration.stopPolicy = topology.stopPolicy
    }
    do {
      switch try await GroupRun(topology.group, context, onUp: onUp).run(in: root) {
      case .success: return Outcome(exitCode: 0, account: nil)
      case .code(let code, let account):
        return Outcome(exitCode: code, account: code == 0 ? nil : account)
      case .failure(let account): return Outcome(exitCode: 1, account: account)
      }
    } catch let failure as SupervisorFailure {
      // The root has a name of its own, which means nothing here.
      let chain = failure.chain.replacing(
        "; \(root.name) gave up", with: "; \(topology.name) gave up")
      return Outcome(exitCode: 1, account: chain)
    }
  }
}

extension TopologyPlan {
  /// The time that a stop of the whole run gets: as much as its nodes have one after another, and
  /// no less than that of any tree.
  package var stopPolicy: StopPolicy {
    let whole = StartPlan(group).longestStop / 4 * 5
    return StopPolicy(ask: max(whole, StopPolicy.default.ask), terminate: .seconds(2))
  }
}
