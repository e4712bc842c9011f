import ProcessTree
import ProcessTreeRandomTesting

/// A tree of nodes that spawn, send, fail and rest; sometimes under a limit on the whole tree, and
/// sometimes the root has enough of waiting.
///
/// - If the root gets a result, it is the sum over the tree.
/// - It gets one unless a node, a fault or the root's patience explains that it does not.
struct TreeScene: Scene {
  let plan: SimulationPlan
  /// When the root's program is through with waiting, in virtual seconds; nil: it waits to the end.
  let patience: Int?
  let treeLimit: Int?

  init(using random: inout SeededGenerator) {
    plan = SimulationPlan(
      behaviour: .value(0),
      children: (0..<random.int(1...3)).map { _ in .random(using: &random, depth: 2) },
      limit: random.int(1...3))
    patience = random.int(0...9) == 0 ? random.int(0...30) : nil
    treeLimit = random.int(0...3) == 0 ? random.int(1...4) : nil
  }

  var frames: Int { places.count * 12 }
  var places: [String] { plan.places(at: "MainProcess") }

  var configuration: TreeConfiguration {
    var configuration = TreeConfiguration()
    configuration.treeLimit = treeLimit
    return configuration
  }

  var description: String {
    "\(plan), patience \(patience.map(String.init) ?? "without end"), "
      + "limit \(treeLimit.map(String.init) ?? "none")"
  }

  func play(in root: Node, isHarmed: Bool) async throws -> [String] {
    do {
      let sum = try await run(in: root)
      return sum == plan.sum ? [] : ["the sum is \(sum), not \(plan.sum as Int?)"]
    } catch {
      for child in root.children { _ = try? await child.stop(reason: "the history is over") }
      let isQuiet = !isHarmed && patience == nil && plan.sum != nil
      return isQuiet ? ["nothing was wrong, and yet: \(error)"] : []
    }
  }

  private func run(in root: Node) async throws -> Int {
    guard let patience else { return try await plan.runChildren(in: root) }
    return try await withThrowingTaskGroup(of: Int.self) { group in
      group.addTask { try await plan.runChildren(in: root) }
      group.addTask {
        try await root.sleep(for: .seconds(patience))
        throw CancellationError()
      }
      defer { group.cancelAll() }
      return try await group.next() ?? 0
    }
  }
}
