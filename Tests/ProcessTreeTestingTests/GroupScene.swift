import ProcessTree
import ProcessTreeRandomTesting

/// Children under the limit of a group, some of which end as they should not.
///
/// - No more than the limit live at a time; none does when the group's scope is left.
/// - The group's results are those of its children; what it throws one of them explains.
struct GroupScene: Scene {
  var frames: Int { 80 }
  let limit: Int
  let children: [SimulationPlan]
  /// When the surrounding task is cancelled.
  let patience: Int?

  init(using random: inout SeededGenerator) {
    limit = random.int(1...3)
    children = (0..<random.int(0...8)).map { _ in .random(using: &random, depth: 0) }
    patience = random.int(0...3) == 0 ? random.int(0...2_000) : nil
  }

  var description: String {
    "limit \(limit), cancelled after \(patience.map(String.init) ?? "no") ms: \(children)"
  }

  func play(in root: Node, isHarmed: Bool) async throws -> [String] {
    let sums = children.map(\.sum)
    let isQuiet = !isHarmed && patience == nil && !sums.contains(nil)
    return await withTaskGroup(of: [String]?.self) { tasks in
      tasks.addTask {
        do {
          let sum = try await self.sum(in: root)
          let expected = sums.reduce(0) { $0 + ($1 ?? 0) }
          return sum == expected && !sums.contains(nil) ? [] : ["the sum is \(sum)"]
        } catch let error as TooMany {
          return ["\(error.count) live at a time"]
        } catch {
          return isQuiet ? ["nothing was wrong, and yet: \(error)"] : []
        }
      }
      if let patience {
        tasks.addTask {
          try? await root.sleep(for: .milliseconds(patience))
          return nil
        }
      }
      var flaws: [String] = []
      for await some in tasks {
        tasks.cancelAll()
        flaws += some ?? []
      }
      return flaws
    }
  }

  private struct TooMany: Error { let count: Int }

  private func sum(in root: Node) async throws -> Int {
    try await root.withChildren(of: Int.self, limit: limit) { group in
      for plan in children {
        let child = try await group.spawn(plan)
        if root.children.count > limit { throw TooMany(count: root.children.count) }
        if case .talk = plan.behaviour { try await plan.answer(child) }
      }
      return try await group.reduce(0, +)
    }
  }
}
