import Glibc
public import ProcessTree

/// One of the numbered messages that a node sends to its parent.
struct Numbered: Codable, Sendable {
  var number: Int
}

/// Sends its messages to its parent.
struct TreeLeaf: NodeProgram {
  var items: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> TreeTotals {
    try await node.sendNumbers(upTo: items)
    return TreeTotals(nodes: 1)
  }
}

/// Sends its messages to its parent, and has children that do the same.
struct TreeBranch: NodeProgram {
  /// How many children the nodes of each level below have.
  var widths: [Int]
  var items: Int

  func run(in node: Node) async throws -> TreeTotals {
    async let sent: Void = node.sendNumbers(upTo: items)
    var totals = try await node.totals(below: widths, items: items, on: nil)
    try await sent
    totals.nodes += 1
    return totals
  }
}

extension Node {
  /// Sends as many messages to the parent, at a leisurely pace.
  fileprivate func sendNumbers(upTo items: Int) async throws {
    guard items > 0 else { return }
    for number in 1...items {
      try await parent?.send(Numbered(number: number))
      if number % 20 == 0 { try await sleep(for: .milliseconds(2)) }
    }
  }

  /// Starts the next level, and adds up what its nodes are and have sent.
  fileprivate func totals(
    below widths: [Int], items: Int, on hosts: HostPool?
  ) async throws -> TreeTotals {
    guard let width = widths.first else { return TreeTotals() }
    let rest = Array(widths.dropFirst())
    return try await withThrowingTaskGroup(of: TreeTotals.self) { [self] group in
      for _ in 0..<width {
        group.addTask { [self] in
          guard !rest.isEmpty else {
            return try await totals(of: TreeLeaf(items: items), items: items, on: hosts)
          }
          return try await totals(
            of: TreeBranch(widths: rest, items: items), items: items, on: hosts)
        }
      }
      return try await group.reduce(into: TreeTotals()) { $0 += $1 }
    }
  }

  /// Has a child do its part, and a new one each time a child dies of it.
  ///
  /// Only the messages of the life that came to its end count, so each message counts once.
  private func totals<Program: NodeProgram>(
    of program: Program, items: Int, on hosts: HostPool?
  ) async throws -> TreeTotals where Program.Output == TreeTotals {
    var deaths = 0
    while true {
      do {
        let child = try await spawn(program, on: hosts)
        var heard = TreeTotals()
        for try await message in try await child.messages(of: Numbered.self) {
          heard.items += 1
          if message.number != heard.items { heard.outOfOrder += 1 }
        }
        var totals = try await child.result
        totals += heard
        totals.deaths += deaths
        return totals
      } catch let failure as ChildFailure where failure.isNobodysFault {
        // Somebody outside has ended it, or its host is lost; what it had sent is forgotten. For
        // any other failure the next child would hardly be luckier: without room on the disk none
        // can start.
        deaths += 1
        try Task.checkCancellation()
      }
    }
  }
}

extension ChildFailure {
  /// Whether the same program may well succeed in another process.
  fileprivate var isNobodysFault: Bool {
    if case .hostLost = report.cause { return true }
    return report.exitCode == -SIGKILL
  }
}

/// A tree of nodes of any shape, each of which sends messages to its parent, and parents that
/// replace children that die.
///
/// A result is recorded once, whatever happens on the way to it: a child that died is started
/// again, with everything below it, and only the life that came to its end counts.
public struct Tree: HostedExample {
  /// What it is run by.
  public static let name = "tree"
  /// What it teaches.
  public static let lesson = "a tree of any shape whose parents replace children that die"
  /// Made good: each parent below the root does what the root does.
  public static let deaths = DeathEffect.madeGood

  private let shape: TreeShape
  private let items: Int

  /// Makes the example with the tree's shape and the number of messages of each node.
  public init(shape: TreeShape, items: Int) {
    self.shape = shape
    self.items = items
  }

  /// Runs the tree and adds up what came.
  public func run(in root: Node, on hosts: HostPool?) async throws -> TreeReport {
    TreeReport(
      shape: shape, items: items,
      totals: try await root.totals(below: shape.widths, items: items, on: hosts))
  }
}
