internal import Glibc
internal import ProcessTreeLinks

extension NodeRuntime {
  /// Ctrl-\ at the root: writes to standard error what each node waits for.
  func writeExplanations() {
    let bound = LoopBound(self, on: loop)
    let node = Node(bound)
    Task(executorPreference: loop) {
      // The stacks of those that do not answer say where they are; others need none.
      guard let explanations = try? await node.explainTree() else { return }
      var texts: [String] = []
      for explanation in explanations {
        guard explanation.silence != nil, let pid = explanation.pid, node.shared.nodes == nil else {
          texts.append("\(explanation)")
          continue
        }
        var stuck = explanation
        stuck.threads = await node.threads(of: pid)
        texts.append("\(stuck)")
      }
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
