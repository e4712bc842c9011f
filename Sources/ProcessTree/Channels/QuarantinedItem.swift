internal import Links
internal import Wire

/// An item that a work channel has put aside because it killed the nodes that worked on it.
public struct QuarantinedItem<Element: Sendable>: Sendable {
  /// The item.
  public let element: Element
  /// The nodes that died of it, the first one first.
  public let deaths: [ConsumerDeath]
}

/// The death of a node that worked on an item.
public struct ConsumerDeath: Hashable, Sendable, CustomStringConvertible {
  /// The node's name.
  public let node: String
  /// The node's place in the tree, as in `Node.path`.
  public let path: String
  /// The node's process.
  public let pid: Int32
  /// How it ended; nil for a node that is not below the sender's: those above it have the report.
  public let report: ExitReport?

  /// The report, or what is known without it.
  public var description: String { report?.description ?? "\(node) (pid \(pid)) died" }
}

extension LoopBound<NodeRuntime> {
  /// What is known of a consumer's death.
  ///
  /// The report of a node further down may be a second behind its death.
  func death(of node: NodeAddress) async throws -> ConsumerDeath {
    let deadline = ContinuousClock.now + .seconds(1)
    while true {
      let (isBelow, report) = try await run { runtime in
        (node.path.isWithin(runtime.identity.path), runtime.events.exits[node.path])
      }
      if isBelow, report == nil, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
        continue
      }
      return ConsumerDeath(
        node: node.name, path: node.path.description, pid: node.pid,
        report: report.flatMap { $0.pid == node.pid ? $0 : nil })
    }
  }
}
