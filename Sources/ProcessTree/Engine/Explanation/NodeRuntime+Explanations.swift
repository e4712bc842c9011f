internal import Glibc
internal import ProcessTreeLinks

extension NodeRuntime {
  /// Ctrl-\ at the root: writes to standard error what each node waits for.
  func writeExplanations() {
    let bound = LoopBound(self, on: loop)
    let node = Node(bound)
    Task(executorPreference: loop) {
      guard let explanations = try? await node.explainTreeForPeople() else { return }
      let texts = explanations.map { "\($0)" }
      let text = "--- \(texts.count) nodes\n" + texts.joined(separator: "\n") + "\n---"
      bound.perform { $0.writeForPeople(text) }
    }
  }

  /// Writes lines to the root's standard error, in order with those of nodes.
  func writeForPeople(_ text: String) {
    guard let root = output.root else { return writeToStandardError(text) }
    root.write(Array("\(text)\n".utf8), to: .error)
  }
}

extension Node {
  /// The explanations of all nodes, with the stacks of those that do not answer: others are where
  /// their waits show.
  func explainTreeForPeople(
    within patience: Duration = .seconds(1)
  ) async throws -> [NodeExplanation] {
    var explanations = try await explainTree(within: patience)
    for index in explanations.indices where explanations[index].silence != nil {
      guard let pid = explanations[index].pid, shared.nodes == nil else { continue }
      explanations[index].threads = await threads(of: pid)
    }
    return explanations
  }
}
