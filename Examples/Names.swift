import Glibc
public import ProcessTree

/// A node's name, and the nodes below it.
struct NameTree: Codable, Sendable {
  var name: String
  var pid: Int32
  /// The parent as the operating system sees it, not as the library does.
  var parentPid: Int32
  var isDaemon: Bool
  /// The host that it runs on; nil for the root's.
  var host: String?
  var children: [NameTree] = []

  init(_ node: Node) {
    name = node.name
    pid = getpid()
    parentPid = getppid()
    isDaemon = node.isDaemon
    host = node.host
  }

  /// Starts two children, the second as a daemon, and receives each one's names.
  mutating func addChildren(
    of node: Node, on hosts: HostPool?, levels: Int, hold: Duration
  ) async throws {
    guard levels > 0 else { return }
    let program = NamedNode(levels: levels - 1, hold: hold)
    let children = [
      try await node.spawn(program, on: hosts),
      try await node.spawn(program, on: hosts, daemon: true),
    ]
    for child in children {
      var messages = try await child.messages(of: NameTree.self).makeAsyncIterator()
      // A child that ends without a word has failed: its result has the reason.
      guard let names = try await messages.next() else { return try await child.result }
      self.children.append(names)
      try await child.send(Heard())
    }
  }
}

/// What a parent answers, so that no child ends before it was heard.
struct Heard: Codable, Sendable {}

/// Sends its parent its name and those below it, then stays for a while.
struct NamedNode: NodeProgram {
  var levels: Int
  var hold: Duration

  func run(in node: Node) async throws {
    var names = NameTree(node)
    try await names.addChildren(of: node, on: nil, levels: levels, hold: hold)
    guard let parent = node.parent else { return }
    try await parent.send(names)
    var answers = try await parent.messages(of: Heard.self).makeAsyncIterator()
    _ = try await answers.next()
    try await node.sleep(for: hold)
  }
}

/// Names, process ids and daemons: every node is a process of its own, and the child of its parent.
///
/// `pstree -p` shows the same tree; there is no process in between. The names reach the root as
/// messages, while the nodes live. On other hosts the parent of a process is the far half of its
/// host. A daemon is stopped when its parent ends, the others are joined.
public struct Names: HostedExample {
  /// What it is run by.
  public static let name = "names"
  /// What it teaches.
  public static let lesson = "three levels of nodes tell their names, process ids and parents"

  private let hold: Duration

  /// Makes the example with the time that the tree stays up, so that one can look at it.
  public init(hold: Duration) {
    self.hold = hold
  }

  /// Starts the tree and waits until all its names have come.
  public func run(in root: Node, on hosts: HostPool?) async throws -> NamesReport {
    var names = NameTree(root)
    try await names.addChildren(of: root, on: hosts, levels: 2, hold: hold)
    return NamesReport(root: names)
  }
}

/// The tree of names.
public struct NamesReport: ExampleReport, Encodable {
  let root: NameTree

  /// The root's line, then the others', indented by level.
  public var text: String { lines(of: root, indent: "").joined(separator: "\n") }

  private func lines(of node: NameTree, indent: String) -> [String] {
    let daemon = node.isDaemon ? ", daemon" : ""
    let host = node.host.map { ", on \($0)" } ?? ""
    let line = "\(indent)\(node.name): pid \(node.pid), parent \(node.parentPid)\(daemon)\(host)"
    return [line] + node.children.flatMap { lines(of: $0, indent: indent + "  ") }
  }

  /// Encodes the root's names with those below it.
  public func encode(to encoder: any Encoder) throws { try root.encode(to: encoder) }
}
