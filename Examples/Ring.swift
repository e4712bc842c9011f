public import ProcessTree

/// The message that goes round; it counts how often it was passed on.
struct Token: Codable, Sendable {
  var hops = 0
}

/// Passes the token on to its neighbour until its own side of the circle comes to its end.
struct RingNode: NodeProgram {
  var from: Receiver<Token>
  var to: Sender<Token>

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    for try await token in from { try await to.send(Token(hops: token.hops + 1)) }
  }
}

/// Brings the token into play, sees it once a lap, and takes it out when it has made enough hops.
struct RingStart: NodeProgram {
  var from: Receiver<Token>
  var to: Sender<Token>
  /// How many hops there are in all, and in a lap.
  var hops: Int
  var nodes: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> RingTimes {
    var times = RingTimes()
    var began = ContinuousClock.now
    try await to.send(Token(hops: 1))
    for try await token in from {
      times.finishLap(after: ContinuousClock.now - began, hops: nodes)
      node.report("ring: hops", completed: token.hops, total: hops)
      began = .now
      guard token.hops < hops else {
        times.hops = token.hops
        break
      }
      try await to.send(Token(hops: token.hops + 1))
    }
    // The others end one after the other: each when nothing more can come from its neighbour.
    return times
  }
}

/// Nodes in a circle of pipes, which a token goes round.
///
/// The root makes the pipes and hands each end to the node that it is for: messages then go
/// from neighbour to neighbour, and not through the root.
public struct Ring: HostedExample {
  /// What it is run by.
  public static let name = "ring"
  /// What it teaches.
  public static let lesson = "siblings in a circle of pipes pass a token on; the time of a hop"

  private let nodes: Int
  private let laps: Int

  /// Makes the example with the number of nodes, at least 1, and how often the token goes round.
  public init(nodes: Int, laps: Int) {
    self.nodes = nodes
    self.laps = laps
  }

  /// Lays the circle, and waits for the token.
  public func run(in root: Node, on hosts: HostPool?) async throws -> RingReport {
    let pipes = (0..<nodes).map { _ in root.makePipe(of: Token.self) }
    let times = try await root.withChildren(of: Void.self, limit: nodes) { group in
      for place in 1..<max(nodes, 1) {
        try await group.spawn(
          RingNode(from: pipes[place - 1].receiver, to: pipes[place].sender), on: hosts,
          name: "ring-\(place + 1)")
      }
      let start = try await root.spawn(
        RingStart(
          from: pipes[nodes - 1].receiver, to: pipes[0].sender, hops: nodes * laps, nodes: nodes),
        on: hosts, name: "ring-1")
      return try await start.result
    }
    return RingReport(nodes: nodes, laps: laps, times: times)
  }
}
