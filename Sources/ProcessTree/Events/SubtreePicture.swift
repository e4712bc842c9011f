internal import ProcessTreeBase
public import ProcessTreeSupervision
internal import ProcessTreeWire

/// A node in a snapshot.
public struct NodeSnapshot: Hashable, Sendable, Codable {
  /// The node's name.
  public var name: String
  /// The place in the tree, written like a default name.
  public var path: String
  /// The process id; `nil` before there is a process.
  public var pid: Int32?
  /// The parent's process id; `nil` for the root.
  public var parentPID: Int32?
  /// The number of the node's life, from 1 on; always 1 for a node that no supervisor keeps.
  public var incarnation: Int
  /// The name of the host that it runs on; `nil` for that of the run's root.
  public var host: String?
  /// The phase of its life.
  public var phase: ChildPhase
  /// Whether the node is the near half of a host, and has no connection to it at present.
  public var isCut: Bool
  /// The live children, in the order in which they were made.
  public var children: [NodeSnapshot]

  /// Makes a snapshot, for tests of code that takes one.
  public init(
    name: String, path: String, pid: Int32? = nil, parentPID: Int32? = nil, phase: ChildPhase,
    children: [NodeSnapshot] = [], incarnation: Int = 1, host: String? = nil,
    isCut: Bool = false
  ) {
    self.name = name
    self.path = path
    self.pid = pid
    self.parentPID = parentPID
    self.incarnation = incarnation
    self.host = host
    self.phase = phase
    self.isCut = isCut
    self.children = children
  }
}

/// A subtree at one moment, as its top node knows it.
public struct TreeSnapshot: Hashable, Sendable, Codable {
  /// The top node, with all live nodes below it.
  public var root: NodeSnapshot
  /// The number of live nodes of the subtree in each phase, including the top node.
  public var counts: [ChildPhase: Int]
  /// The number of nodes below that have ended so far, with those that could not start.
  public var exitedCount: Int

  /// Makes a snapshot, for tests of code that takes one.
  public init(root: NodeSnapshot, counts: [ChildPhase: Int] = [:], exitedCount: Int = 0) {
    self.root = root
    self.counts = counts
    self.exitedCount = exitedCount
  }
}

/// A node's knowledge of its subtree, from the events that passed; usable on any thread.
final class SubtreePicture: Sendable {
  private struct State {
    /// Those below the top have no paths: most are never read, and texts grow with the depth.
    private(set) var nodes: [NodePath: NodeSnapshot]
    /// How many live nodes are below each child, so that most ends need no look at all nodes.
    private(set) var below: [UInt32: Int] = [:]
    var exited = 0
    private let depth: Int

    init(_ node: NodeSnapshot, at path: NodePath) {
      nodes = [path: node]
      depth = path.positions.count
    }

    mutating func setCut(_ isCut: Bool, at path: NodePath) { nodes[path]?.isCut = isCut }

    mutating func set(_ node: NodeSnapshot, at path: NodePath) {
      if nodes.updateValue(node, forKey: path) == nil { count(1, at: path) }
    }

    /// Returns whether the node was there.
    mutating func remove(_ path: NodePath) -> Bool {
      guard nodes.removeValue(forKey: path) != nil else { return false }
      count(-1, at: path)
      return true
    }

    /// Whether there may be nodes below.
    func hasNodes(below path: NodePath) -> Bool {
      path.positions.count != depth + 1 || below[path.positions[depth]] != nil
    }

    private mutating func count(_ change: Int, at path: NodePath) {
      guard path.positions.count > depth + 1 else { return }
      let count = below[path.positions[depth], default: 0] + change
      below[path.positions[depth]] = count == 0 ? nil : count
    }
  }

  private let path: NodePath
  private let state: Lock<State>

  init(of node: NodeSnapshot, at path: NodePath) {
    self.path = path
    state = Lock(State(node, at: path))
  }

  func apply(_ event: LifecycleEvent, about path: NodePath) {
    apply(isCut: event.kind.number.isCut, at: path)
    apply(
      event.kind.number.phase, of: event.node, pid: event.pid, parentPID: event.parentPID,
      life: event.incarnation, host: event.host, at: path)
  }

  func apply(_ record: EventRecord) {
    apply(isCut: record.isCut, at: record.path)
    apply(
      record.phase, of: record.node, pid: record.pid, parentPID: record.parentPID,
      life: record.incarnation, host: record.host, at: record.path)
  }

  private func apply(isCut: Bool?, at path: NodePath) {
    guard let isCut else { return }
    state.withLock { $0.setCut(isCut, at: path) }
  }

  /// Notes the phase that an event begins; nil if it begins none.
  private func apply(
    _ phase: ChildPhase?, of node: String, pid: Int32?, parentPID: Int32?, life: Int,
    host: String?, at path: NodePath
  ) {
    guard path != self.path, let phase else { return }
    state.withLock { state in
      guard phase != .exited else {
        // A node that never had a process has only an end, which its parent reports once.
        if state.remove(path) || pid == nil { state.exited += 1 }
        return
      }
      let node = NodeSnapshot(
        name: node, path: "", pid: pid, parentPID: parentPID, phase: phase, incarnation: life,
        host: host)
      state.set(node, at: path)
    }
  }

  /// Whether a node of this host has this process.
  func hasNode(withPID pid: Int32, on host: String?) -> Bool {
    state.withLock { $0.nodes.values.contains { $0.pid == pid && $0.host == host } }
  }

  /// The live nodes below a node, deepest first; they are lost if it dies without reporting their
  /// ends.
  func nodes(below path: NodePath) -> [(NodePath, NodeSnapshot)] {
    state.withLock { state in
      guard state.hasNodes(below: path) else { return [] }
      return state.nodes.filter { $0.key != path && $0.key.isWithin(path) }
        .sorted {
          let depths = ($0.key.positions.count, $1.key.positions.count)
          return depths.0 == depths.1 ? $0.key < $1.key : depths.0 > depths.1
        }
        .map { ($0.key, $0.value.at($0.key)) }
    }
  }

  func snapshot() -> TreeSnapshot {
    let (nodes, exited) = state.withLock { ($0.nodes, $0.exited) }
    var children: [NodePath: [NodePath]] = [:]
    for path in nodes.keys.sorted() where path != self.path {
      children[NodePath(positions: Array(path.positions.dropLast())), default: []].append(path)
    }
    func build(_ path: NodePath) -> NodeSnapshot? {
      guard var node = nodes[path]?.at(path) else { return nil }
      node.children = (children[path] ?? []).compactMap(build)
      return node
    }
    let counts = nodes.values.reduce(into: [:]) { $0[$1.phase, default: 0] += 1 }
    let root =
      build(path)
      ?? NodeSnapshot(name: "\(path)", path: "\(path)", phase: .exited, children: [])
    return TreeSnapshot(root: root, counts: counts, exitedCount: exited)
  }
}

extension NodeSnapshot {
  fileprivate func at(_ path: NodePath) -> Self {
    var node = self
    node.path = path.description
    return node
  }
}
