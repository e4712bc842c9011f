package import ProcessTree
package import ProcessTreeTopologyFormat

extension TopologyPlan {
  /// How much of its nodes' output is kept.
  package var keptOutput: KeptOutputPlan {
    var nodes: [String: Int] = [:]
    var templates: [String: Int] = [:]
    func add(_ group: GroupPlan) {
      for node in group.nodes {
        let address = "/" + node.address
        if node.instances == nil {
          nodes[address] = node.logKept
        } else {
          templates[address] = node.logKept
        }
        if case .group(let group) = node.kind { add(group) }
      }
    }
    add(group)
    return KeptOutputPlan(nodes: nodes, templates: templates, others: NodePlan.usuallyKept)
  }
}
