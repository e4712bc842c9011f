package import ProcessTree
internal import ProcessTreeBase
package import ProcessTreeTopologyFormat

extension TopologyPlan {
  /// How much of its nodes' output is kept.
  package var keptOutput: KeptOutputPlan {
    var nodes: [String: Int] = [:]
    var templates: [String: Int] = [:]
    var most = Self.usuallyKept
    func add(_ group: GroupPlan) {
      for node in group.nodes {
        let address = "/" + node.address
        if node.instances == nil {
          nodes[address] = node.logKept
        } else {
          templates[address] = node.logKept
        }
        // A node that asks for more gets more.
        let extra = max(0, node.logKept - NodePlan.usuallyKept)
          .saturatingMultiplied(by: node.instances ?? 1)
        most = most.saturatingAdding(extra)
        if case .group(let group) = node.kind { add(group) }
      }
    }
    add(group)
    return KeptOutputPlan(
      nodes: nodes, templates: templates, others: NodePlan.usuallyKept, most: most)
  }

  /// How many bytes of the output of all nodes together are kept, where the file does not ask for
  /// more.
  private static var usuallyKept: Int { 256 << 20 }
}
