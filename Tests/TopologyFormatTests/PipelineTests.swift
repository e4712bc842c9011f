import Testing

@testable import ProcessTreeTopologyFormat

struct PipelineTests {
  private func checked(_ pipeline: String) throws -> (TopologyPlan, PipelinePlan) {
    let file = check("ptree: 1\nnodes:\n  p:\n    pipeline: {\(pipeline)}\n")
    #expect(file.diagnostics.errorCount == 0, "\(file.diagnostics.all.map(\.message))")
    let topology = try #require(file.topology)
    guard case .pipeline(let plan)? = topology.group.nodes.first?.kind else { throw Missing() }
    return (topology, plan)
  }

  private struct Missing: Error {}

  private static let forked = """
    from: {list: [a]}, stages: [{name: s, shell: cat, workers: 2}, {branches: {
    left: [{name: l1, shell: cat, mode: answer}, {name: l2, shell: cat}],
    right: [{branches: {up: [{name: u, shell: cat}], down: [{shell: cat}]}}]}},
    {name: e, shell: cat, partition: whole, workers: 3}]
    """

  @Test func branchesAreReadInTheOrderOfTheFile() throws {
    let (_, plan) = try checked(Self.forked)
    #expect(plan.stages.map(\.name) == ["s", "l1", "l2", "u", "stage-5", "e"])
    guard case .branches(let branches) = plan.parts[1] else {
      return #expect(Bool(false), "no branches")
    }
    #expect(branches.map(\.name) == ["left", "right"])
  }

  @Test func aGraphShowsBranchesAsGroupsAndEveryWay() throws {
    let (topology, _) = try checked(Self.forked)
    let graph = Graph(topology)
    #expect(graph.groups.map(\.id) == ["t", "p", "p/left", "p/right", "p/up", "p/down"])
    #expect(
      graph.edges.map { "\($0.from) \($0.to) \($0.label)" } == [
        "p/s p/l1 ", "p/l1 p/l2 ", "p/s p/u ", "p/s p/stage-5 ", "p/l2 p/e whole", "p/u p/e whole",
        "p/stage-5 p/e whole",
      ])
    #expect(
      graph.text == """
        t
        └─ p
           ├─ s ×2
           ├─ left
           │  ├─ l1  ← s
           │  └─ l2  ← l1
           ├─ right
           │  ├─ up
           │  │  └─ u  ← s
           │  └─ down
           │     └─ stage-5  ← s
           └─ e ×3  ← l2 by whole, ← u by whole, ← stage-5 by whole

        """)
    #expect(graph.dot.contains("subgraph \"cluster_p/left\"") && graph.mermaid.contains("[\"up\"]"))
  }

  @Test(arguments: [
    ("shell: cat, mode: answer", nil, 1...64), ("shell: cat, mode: each, workers: 3", nil, 1...64),
    ("shell: cat, mode: each, workers: 2..8", nil, 1...8), ("shell: cat", "stateful", 1...64),
    ("shell: cat, mode: each, ordered: true", "ordered", 1...64),
    ("shell: cat, mode: answer, partition: whole", "partitioned", 1...64),
    ("shell: cat, mode: answer, broadcast: true", "partitioned", 1...64),
  ])
  func whatCanBeScaledIsKnown(stage: String, obstacle: String?, range: ClosedRange<Int>) throws {
    let plan = try checked("from: {list: [a]}, stages: [{\(stage)}]").1
    let found = try #require(plan.stages.first)
    #expect(found.obstacleToScaling?.prefix { $0 != ":" } == obstacle.map { $0[...] })
    #expect(found.workerRange == range)
  }
}
