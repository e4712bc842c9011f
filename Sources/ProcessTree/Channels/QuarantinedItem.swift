internal import ProcessTreeLinks
internal import ProcessTreeWire

/// An item that a work channel has quarantined because it killed the nodes that worked on it.
public struct QuarantinedItem<Element: Sendable>: Sendable {
  /// The item.
  public let element: Element
  /// The deaths that it caused, in order.
  public let deaths: [ConsumerDeath]

  /// Makes an item, for tests of code that takes one.
  public init(element: Element, deaths: [ConsumerDeath]) {
    self.element = element
    self.deaths = deaths
  }
}

/// The death of a node that worked on an item.
public struct ConsumerDeath: Hashable, Sendable, CustomStringConvertible {
  /// The node's name.
  public let node: String
  /// The node's place in the tree, as in `Node.path`.
  public let path: String
  /// The node's process id.
  public let pid: Int32
  /// The exit report; `nil` if the sender's node has none.
  ///
  /// It has none if the consumer was not its descendant, was lost together with its parent, or is
  /// not among the last 1,000 deaths.
  public let report: ExitReport?

  /// Makes a death, for tests of code that takes one.
  public init(node: String, path: String, pid: Int32, report: ExitReport? = nil) {
    self.node = node
    self.path = path
    self.pid = pid
    self.report = report
  }

  /// The report, or the name and process id without one.
  public var description: String { report?.description ?? "\(node) (pid \(pid)) died" }
}

extension NodeRuntime {
  func death(of node: NodeAddress) -> ConsumerDeath {
    let report = events.deaths[node.path].flatMap { $0.pid == node.pid ? $0 : nil }
    return ConsumerDeath(
      node: node.name, path: node.path.description, pid: node.pid, report: report)
  }

  /// Whether the report of a node's death may still arrive from further down.
  func awaitsReport(of node: NodeAddress) -> Bool {
    node.path.isWithin(identity.path) && death(of: node).report == nil
  }
}
