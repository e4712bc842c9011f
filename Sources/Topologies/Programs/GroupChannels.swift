internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// Ends of channels by the channels' names.
struct ProgramEnds: Sendable, Codable {
  private var table: [EndPlan: UntypedEnd] = [:]

  subscript(_ end: EndPlan) -> UntypedEnd? {
    get { table[end] }
    set { table[end] = newValue }
  }

  /// Those that a node has.
  func ends(of node: NodePlan) -> ProgramEnds {
    var ends = ProgramEnds()
    for end in node.ends { ends[end] = table[end] }
    return ends
  }

  var all: [EndPlan] { Array(table.keys) }
}

/// Which ends a group still holds for its nodes.
///
/// A value without effects. The group holds each end as long as one of the nodes that have it may
/// begin a life, so that a channel outlives the restarts of its programs, and ends with the last of
/// them.
struct HeldEnds: Sendable {
  private let holders: [EndPlan: [NodePlan]]
  private(set) var held: Set<EndPlan>

  init(_ ends: [EndPlan], _ group: GroupPlan) {
    held = Set(ends)
    holders = Dictionary(
      ends.map { end in (end, group.nodes.filter { $0.ends.contains(end) }) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The ends that nobody needs any more, as their group's nodes stand; each is returned once.
  mutating func takeOver(_ changes: SupervisedChanges) -> Set<EndPlan> {
    guard !held.isEmpty, changes.mayLack || changes.changed.contains(where: \.hasEnded) else {
      return []
    }
    let children = changes.all
    let over = held.filter { end in
      (holders[end] ?? []).allSatisfy { node in
        children.filter { node.isLife($0.name) }.allSatisfy(\.hasEnded)
      }
    }
    held.subtract(over)
    return over
  }
}

extension NodePlan {
  /// Whether a child is this node, or one of its instances.
  func isLife(_ name: String) -> Bool {
    guard instances != nil else { return name == self.name }
    return name.hasPrefix(self.name + "-")
      && Int(name.dropFirst(self.name.count + 1)) != nil
  }
}

extension SupervisedChild {
  /// Whether it is not started again; one that somebody has had stopped may be, one that a strategy
  /// has stopped for good is not.
  var hasEnded: Bool {
    switch phase {
    case .stopped: isDropped
    case .succeeded, .failed, .skipped: true
    default: false
    }
  }
}

extension ChannelPlan {
  /// Makes the channel at a node.
  func make(at node: Node) -> (sender: UntypedEnd, receiver: UntypedEnd) {
    let overflow: OverflowPolicy =
      switch self.overflow {
      case .suspend: .suspend
      case .dropOldest: .dropOldest(beyond: capacity)
      case .dropNewest: .dropNewest(beyond: capacity)
      case .fail: .fail(beyond: capacity)
      }
    return node.makeUntypedChannel(
      ChannelKind(rawValue: kind.rawValue) ?? .work, overflow: overflow, prefetch: prefetch,
      attempts: attempts)
  }
}

extension ProgramEnds {
  /// The ends that the nodes of a group have: of its own channels, which are made here, and of
  /// outer ones.
  init(_ group: GroupPlan, at node: Node, outer: ProgramEnds) {
    let used = group.nodes.reduce(into: Set<EndPlan>()) { $0.formUnion($1.ends) }
    table = outer.table
    for channel in group.channels {
      let (sender, receiver) = channel.make(at: node)
      for (end, isSending) in [(sender, true), (receiver, false)] {
        let plan = EndPlan(channel: channel.name, isSending: isSending)
        // An inner channel hides an outer one of its name.
        table[plan] = used.contains(plan) ? end : nil
      }
    }
  }
}
