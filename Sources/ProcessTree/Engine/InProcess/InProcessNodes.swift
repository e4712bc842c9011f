internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The nodes of a tree whose nodes share one process, and what joins them.
///
/// The twin of the kernel for such a tree: it numbers nodes as the kernel numbers processes, and
/// keeps what they would find in files. Belongs to the loop that all of them share.
final class InProcessNodes: @unchecked Sendable {
  // Sendable: its nodes share one loop, and reach it there alone.

  /// Above the largest pid that Linux gives (`PID_MAX_LIMIT`): a number of ours is no process's.
  private static let firstPID: Int32 = (1 << 22) + 1

  /// The carrier of their frames.
  let network = MemoryNetwork()
  /// The root's end, which is the process's.
  let root = RootsOwnProcess()
  /// Places under the limit on the whole tree, by who has them.
  private(set) var placesTaken = 0
  private(set) var nextPID = firstPID
  /// What the receivers of the nodes work on.
  var notes = MemoryNotesTable()
  /// How many times over each node is refused something.
  var shortages: [Int32: [Shortage: Int]] = [:]
  private var nodes: [Int32: InProcessNode] = [:]
  /// Kept until the tree is over: a timer of theirs may still be on its way.
  private var ended: [InProcessNode] = []

  init() {}

  /// Makes a node from its parent's record; it begins in a turn of its own.
  func start(
    _ record: BootstrapRecord, secret: NodeSecret, under parent: NodeRuntime
  ) throws -> InProcessNode {
    try demandProcess(by: parent.identity.pid)
    if parent.identity.isRoot { rootRuntime = parent }
    let pid = nextPID
    nextPID += 1
    let start = try ChildStart(
      record, secret, pid: pid, tag: RunTag(run: record.run.id, node: record.tag),
      programs: parent.shared.programs)
    let node = InProcessNode(pid: pid, start, in: self, on: parent.loop)
    nodes[pid] = node
    return node
  }

  /// The process of the node with this number; nil when it has gone.
  func process(_ pid: Int32) -> (any ChildProcess)? {
    pid == root.pid ? root : nodes[pid]
  }

  /// The live node at a place in the tree.
  func node(at path: String) -> InProcessNode? {
    nodes.values.first { $0.path.description == path }
  }

  /// Where other nodes connect for the channels of the node at a place.
  func channelSocket(of path: String) -> String? {
    if let root = rootRuntime, root.identity.path.description == path {
      return root.names.socketPath
    }
    return node(at: path)?.channelSocket
  }

  /// The root's place in the tree.
  var rootPath: String? { rootRuntime?.identity.path.description }

  var loop: EventLoop? { rootRuntime?.loop }

  /// The places of the live nodes, in the order in which they were made.
  var paths: [NodePath] { nodes.sorted { $0.key < $1.key }.map(\.value.path) }

  func forget(_ node: InProcessNode) {
    nodes[node.pid] = nil
    shortages[node.pid] = nil
    notes.forget(node.pid)
    network.forgetStation(of: node.pid)
    ended.append(node)
  }

  /// Ends what is left, with the root.
  func end() {
    for node in nodes.values { node.kill() }
  }

  /// Lets go of all nodes, once nothing runs any more.
  func release() {
    for node in ended { node.letGo() }
    ended = []
    rootRuntime?.letGo()
    rootRuntime = nil
    leave = nil
    network.onFrame = nil
  }

  // MARK: The root's end

  /// The root's node; where the root is a process of its own, from its first child on.
  var rootRuntime: NodeRuntime?
  /// Runs the loop to the end of the tree and then ends its thread; nil where that is the end of
  /// the process.
  var leave: (() -> Never)?

  /// Runs the loop for all other nodes, for one that has ended in the middle of a call; the call,
  /// and the calls that wait below it, never go on.
  func outlive(on loop: EventLoop) -> Never {
    if let leave { leave() }
    guard let rootRuntime else { fatalError("a node without a tree") }
    loop.run { rootRuntime.life.isFinished }
    NodeMain(rootRuntime, forkServer: nil).leave()
  }

  // MARK: The tree's limit

  func takePlace(limit: Int) -> Bool {
    guard placesTaken < limit else { return false }
    placesTaken += 1
    return true
  }

  func givePlaceBack() {
    placesTaken -= 1
    for (_, look) in looks.sorted(by: { $0.key < $1.key }) { look() }
  }

  /// How the nodes look for a place that wait for one, by their number in the order of coming.
  private var looks: [UInt64: () -> Void] = [:]
  private var nextLook: UInt64 = 0

  var waitingForPlaces: Int { looks.count }

  func addLook(_ look: @escaping () -> Void) -> UInt64 {
    defer { nextLook += 1 }
    looks[nextLook] = look
    return nextLook
  }

  func removeLook(_ number: UInt64) { looks[number] = nil }
}

/// The root's process as its nodes see it: it lives as long as they can look.
final class RootsOwnProcess: ChildProcess {
  let pid = HostProcess.pid
  let hasEnded = false
  let state = ProcessState.running
  func send(_ signal: Int32) {}
  func watch(on loop: EventLoop, _ body: @escaping () -> Bool) {}
  func unwatch(on loop: EventLoop) {}
  func reap() -> Reaped? { nil }
  func reapSoon() -> Reaped? { nil }
  func close() {}
}

/// The place of one node that shares its process with others.
final class InProcessPlace: TreePlaces {
  private let nodes: InProcessNodes
  private var isTaken = false
  private var look: UInt64?

  init(_ nodes: InProcessNodes) { self.nodes = nodes }

  func tryAcquire(limit: Int) -> Bool {
    if !isTaken { isTaken = nodes.takePlace(limit: limit) }
    return isTaken
  }

  func release() {
    guard isTaken else { return }
    isTaken = false
    nodes.givePlaceBack()
  }

  func listen(_ look: @escaping () -> Void) {
    if self.look == nil { self.look = nodes.addLook(look) }
  }

  func stopListening() {
    if let look { nodes.removeLook(look) }
    look = nil
  }
}
