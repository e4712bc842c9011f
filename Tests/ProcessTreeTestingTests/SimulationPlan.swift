import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeTesting

/// What one node of a simulated tree does, and what is below it.
struct SimulationPlan: NodeProgram, Hashable, CustomStringConvertible {
  enum Behaviour: Hashable, Codable {
    /// Returns the number.
    case value(Int)
    case fail
    case exit(Int32)
    /// Sleeps for so many virtual seconds, then returns 1.
    case rest(Int)
    /// Sends so many messages up and awaits an answer to each, then returns their number.
    case talk(Int)
  }

  var behaviour: Behaviour
  var children: [SimulationPlan] = []
  /// How many children are alive at a time.
  var limit = 2

  var description: String {
    "\(behaviour)"
      + (children.isEmpty
        ? "" : "(\(limit)){\(children.map(\.description).joined(separator: " "))}")
  }

  /// The sum over the subtree if nothing goes wrong; nil if something does by itself.
  var sum: Int? {
    var total: Int
    switch behaviour {
    case .value(let number): total = number
    case .rest: total = 1
    case .talk(let count): total = count
    case .fail, .exit: return nil
    }
    for child in children {
      guard let sum = child.sum else { return nil }
      total += sum
    }
    return total
  }

  func run(in node: Node) async throws -> Int {
    let below = try await runChildren(in: node)
    switch behaviour {
    case .value(let number): return below + number
    case .fail: throw Failure()
    case .exit(let code): node.exit(code)
    case .rest(let seconds):
      try await node.sleep(for: .seconds(seconds))
      return below + 1
    case .talk(let count): return below + (try await talk(count, in: node))
    }
  }

  struct Failure: Error, Codable {}

  private func talk(_ count: Int, in node: Node) async throws -> Int {
    guard let parent = node.parent else { return count }
    var answers = try await parent.messages(of: Int.self).makeAsyncIterator()
    for number in 0..<count {
      try await parent.send(number)
      guard try await answers.next() == number + 1 else { throw Failure() }
    }
    return count
  }

  /// Runs the children of a node, or of the root, and answers what they send.
  func runChildren(in node: Node) async throws -> Int {
    guard !children.isEmpty else { return 0 }
    var total = 0
    var next = 0
    while next < children.count {
      let some = children[next..<min(next + limit, children.count)]
      next += some.count
      var started: [Child<Int>] = []
      for plan in some { started.append(try await node.spawn(plan)) }
      for child in started {
        try await answer(child)
        total += try await child.result
      }
    }
    return total
  }

  func answer(_ child: Child<Int>) async throws {
    for try await number in try await child.messages(of: Int.self) {
      do { try await child.send(number + 1) } catch is ProcessTreeError { return }
    }
  }
}

extension SimulationPlan {
  /// Draws a tree; most of its nodes do well.
  static func random(using random: inout SeededGenerator, depth: Int) -> SimulationPlan {
    let behaviour: Behaviour =
      switch Int.random(in: 0..<20, using: &random) {
      case 0: .fail
      case 1: .exit(Int32.random(in: 0...3, using: &random))
      case 2...5: .rest(Int.random(in: 0...40, using: &random))
      case 6...9: .talk(Int.random(in: 0...5, using: &random))
      default: .value(Int.random(in: 0...9, using: &random))
      }
    let count = depth == 0 ? 0 : Int.random(in: 0...3, using: &random)
    return SimulationPlan(
      behaviour: behaviour,
      children: (0..<count).map { _ in Self.random(using: &random, depth: depth - 1) },
      limit: Int.random(in: 1...3, using: &random))
  }

  /// The places of all nodes below, when this plan's node is at `path`.
  func places(at path: String) -> [String] {
    children.enumerated().flatMap { index, child in
      let place = path == "MainProcess" ? "Process-\(index + 1)" : "\(path):\(index + 1)"
      return [place] + child.places(at: place)
    }
  }
}
