/// The nodes of a topology and what lies between them, as a picture.
package struct Graph: Sendable {
  package struct Box: Sendable {
    package var id: String
    package var label: String
    package var kind: String
    /// The number of the group that it lies in, from 0 on.
    package var group: Int
    package var instances: Int?
    /// The hosts that it runs on; none for that of its group.
    package var hosts: [String] = []
    /// The place among boxes and groups.
    var position = 0
  }

  package struct Group: Sendable {
    package var id: String
    package var label: String
    package var parent: Int?
    /// The place among boxes and groups.
    var position = 0
  }

  package struct Edge: Sendable {
    package enum Kind: String, Sendable {
      case dependsOn, data
    }

    package var from: String
    package var to: String
    package var kind: Kind
    /// The condition of a dependency; how records are shared out; the name of a channel.
    package var label: String
  }

  package private(set) var groups: [Group] = []
  package private(set) var boxes: [Box] = []
  package private(set) var edges: [Edge] = []

  /// - Parameters:
  ///   - topology: The topology that is shown.
  ///   - depth: How many levels of groups are shown; deeper ones are boxes.
  package init(_ topology: TopologyPlan, depth: Int = .max) {
    groups = [Group(id: topology.name, label: topology.name, parent: nil)]
    add(topology.group, 0, depth)
  }

  private mutating func add(_ group: GroupPlan, _ number: Int, _ depth: Int) {
    for node in group.nodes {
      add(node, number, depth)
      for (name, condition) in node.dependsOn.sorted(by: { $0.key < $1.key }) {
        let prefix = node.address.dropLast(node.name.count)
        edges.append(
          Edge(from: node.address, to: prefix + name, kind: .dependsOn, label: condition.rawValue))
      }
    }
    for channel in group.channels {
      func holders(_ isSending: Bool) -> [NodePlan] {
        let end = EndPlan(channel: channel.name, isSending: isSending)
        return group.nodes.filter { $0.ends.contains(end) }
      }
      for sender in holders(true) {
        for receiver in holders(false) where receiver.address != sender.address {
          edges.append(
            Edge(from: sender.address, to: receiver.address, kind: .data, label: channel.name))
        }
      }
    }
  }

  private mutating func add(_ node: NodePlan, _ number: Int, _ depth: Int) {
    switch node.kind {
    case .group(let group) where depth > 1:
      groups.append(
        Group(
          id: node.address, label: node.name + Self.place(node.hosts), parent: number,
          position: nextPosition))
      add(group, groups.count - 1, depth - 1)
    case .pipeline(let pipeline):
      groups.append(
        Group(id: node.address, label: node.name, parent: number, position: nextPosition))
      add(pipeline.parts, of: node.address, groups.count - 1, after: [])
    default:
      boxes.append(
        Box(
          id: node.address, label: node.name, kind: node.kind.name, group: number,
          instances: node.instances, hosts: node.hosts, position: nextPosition))
    }
  }

  /// Adds parts of a pipeline behind some stages; the stages whose records come out of them.
  @discardableResult
  private mutating func add(
    _ parts: [PipelinePlan.Part], of address: String, _ number: Int, after first: [String]
  ) -> [String] {
    var previous = first
    for part in parts {
      switch part {
      case .stage(let stage):
        let id = "\(address)/\(stage.name)"
        boxes.append(
          Box(
            id: id, label: stage.name, kind: "stage", group: number,
            instances: stage.workers > 1 ? stage.workers : nil, position: nextPosition))
        edges += previous.map { Edge(from: $0, to: id, kind: .data, label: stage.sharing) }
        previous = [id]
      case .branches(let branches):
        previous = branches.flatMap { branch in
          groups.append(
            Group(
              id: "\(address)/\(branch.name)", label: branch.name, parent: number,
              position: nextPosition))
          return add(branch.parts, of: address, groups.count - 1, after: previous)
        }
      }
    }
    return previous
  }

  private var nextPosition: Int { groups.count + boxes.count }

  /// The box or the group that an edge leads to.
  func isGroup(_ id: String) -> Bool { groups.contains { $0.id == id } }

  func label(_ box: Box) -> String {
    (box.instances.map { "\(box.label) ×\($0)" } ?? box.label) + Self.place(box.hosts)
  }

  private static func place(_ hosts: [String]) -> String {
    hosts.isEmpty ? "" : " on " + hosts.joined(separator: ", ")
  }

  func inner(of number: Int) -> [Int] { groups.indices.filter { groups[$0].parent == number } }
}

extension PipelinePlan.Stage {
  var sharing: String {
    if isBroadcast { return "broadcast" }
    return switch partition {
    case .field(let number, _): "field \(number)"
    case .json(let pointer): "json \(pointer)"
    case .match: "match"
    case .whole: "whole"
    case nil: ""
    }
  }
}

extension NodePlan.Kind {
  package var name: String {
    switch self {
    case .command: "command"
    case .group: "group"
    case .pipeline: "pipeline"
    case .program: "program"
    }
  }
}
