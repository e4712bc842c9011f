internal import ProcessTreeLinks
internal import ProcessTreeWire

/// An item that a work channel has quarantined because it killed the nodes that worked on it.
public struct QuarantinedItem<Element: Sendable>: Sendable {
  /// The item.
  public let element: Element
  /// The deaths that it caused, in order.
  public let deaths: [ConsumerDeath]

  /// Creates an item, for tests of code that receives one.
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
  /// The element of the item on which the node worked, as it noted with
  /// ``Delivery/note(elementOffset:)``; nil if it noted none.
  public let elementOffset: Int?
  /// The report of its end; nil if the sender's node has none: the consumer was not its descendant,
  /// was lost together with its parent, or is not among the last 1,000 deaths.
  public let report: ExitReport?

  /// Creates a death, for tests of code that receives one.
  public init(
    node: String, path: String, pid: Int32, elementOffset: Int? = nil, report: ExitReport? = nil
  ) {
    self.node = node
    self.path = path
    self.pid = pid
    self.elementOffset = elementOffset
    self.report = report
  }

  /// The report, or the name and process id without one.
  public var description: String { report?.description ?? "\(node) (pid \(pid)) died" }
}

extension NodeRuntime {
  /// A consumer's death, with its report if there is one.
  func death(_ death: ItemDeath) -> ConsumerDeath {
    ConsumerDeath(
      node: death.node.name, path: death.node.path.description, pid: death.node.pid,
      elementOffset: death.elementOffset.map(Int.init), report: report(of: death.node))
  }

  /// Whether the report of a node's death may still arrive from further down.
  func awaitsReport(of node: PeerAddress) -> Bool {
    node.path.isWithin(identity.path) && report(of: node) == nil
  }

  private func report(of node: PeerAddress) -> ExitReport? {
    events.deaths[node.path].flatMap { $0.pid == node.pid ? $0 : nil }
  }
}
