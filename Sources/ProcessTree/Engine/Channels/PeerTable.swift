internal import ProcessTreeWire

/// The links of a node: the link that leads to a peer, the processes to watch, and the consequences
/// of their ends.
///
/// A value: events in, actions out. A pair of nodes has one link, or two if both connected at the
/// same time.
struct PeerTable {
  /// Identifies a link of this node.
  struct LinkID: Hashable {
    fileprivate let number: Int
  }

  /// The side that opened a link.
  enum Origin {
    /// This node, to another one.
    case here
    /// The other node.
    case there
    /// This node, to itself.
    case own
  }

  enum Event: Equatable {
    /// The peer's process could not be looked at, because descriptors are lacking.
    case unseen(LinkID)
    case lookAgain(LinkID)
    /// The peer's process has ended.
    case ended(LinkID)
    /// The socket could not be made, probably because descriptors are lacking.
    case notConnected(LinkID)
    case connectAgain(LinkID)
    case connected(LinkID)
    case reachDue(LinkID)
    /// The peer is dead, or does not listen; what it sent before may still be in the sockets.
    case lost(LinkID)
    /// The node has received everything that a lost peer had sent.
    case drained(LinkID)
  }

  enum Action: Equatable {
    case connect(LinkID)
    /// Finds the peer's process and watches it.
    case look(LinkID)
    /// Gives the peer up unless it has connected or has a socket.
    case checkReach(LinkID)
    case after(Duration, Event)
    /// Receives everything that the peer has sent.
    case drain(LinkID)
    case close(LinkID)
    /// No link to the node is left.
    case nodeGone(PeerAddress)
    /// The node cannot watch the peer.
    case giveUp(PeerAddress)
  }

  private struct Link {
    let node: PeerAddress
    let origin: Origin
    var looksLeft = PeerTable.looks
    var connectsLeft = PeerTable.connects
  }

  /// The time in which frames of a peer that has ended still reach the sockets.
  ///
  /// Only a socket monitor announces the end of a connection, at two more descriptors for each
  /// socket, and a router's does not show whose connection it was.
  private static let lastWords: Duration = .milliseconds(20)
  /// The time after which a peer that lives must listen.
  private static let reach: Duration = .seconds(5)
  /// The pause while descriptors are lacking, and the numbers of tries: 10 and 5 seconds.
  private static let pause: Duration = .milliseconds(100)
  private static let looks = 100
  private static let connects = 50

  private var links: [LinkID: Link] = [:]
  private var outbound: [PeerAddress: LinkID] = [:]
  private var inbound: [PeerAddress: LinkID] = [:]
  private var lastNumber = 0

  /// The link on which this node sends to another.
  func link(to node: PeerAddress) -> LinkID? { outbound[node] ?? inbound[node] }

  /// The link that another node has opened.
  func link(from node: PeerAddress) -> LinkID? { inbound[node] }

  /// Adds a link; the caller has looked at the peer's process.
  mutating func open(_ node: PeerAddress, _ origin: Origin) -> LinkID {
    lastNumber += 1
    let id = LinkID(number: lastNumber)
    links[id] = Link(node: node, origin: origin)
    if origin == .there { inbound[node] = id } else { outbound[node] = id }
    return id
  }

  /// The actions that follow from an event; none for a link that is closed.
  mutating func handle(_ event: Event) -> [Action] {
    switch event {
    case .unseen(let id):
      guard let link = links[id] else { return [] }
      guard link.looksLeft > 0 else { return [.giveUp(link.node)] }
      links[id]?.looksLeft -= 1
      return [.after(Self.pause, .lookAgain(id))]
    case .lookAgain(let id): return links[id] == nil ? [] : [.look(id)]
    case .ended(let id): return links[id] == nil ? [] : [.after(Self.lastWords, .lost(id))]
    case .notConnected(let id):
      guard let link = links[id] else { return [] }
      guard link.connectsLeft > 0 else { return [.drain(id)] }
      links[id]?.connectsLeft -= 1
      return [.after(Self.pause, .connectAgain(id))]
    case .connectAgain(let id): return links[id] == nil ? [] : [.connect(id)]
    case .connected(let id): return links[id] == nil ? [] : [.after(Self.reach, .reachDue(id))]
    case .reachDue(let id): return links[id] == nil ? [] : [.checkReach(id)]
    case .lost(let id): return links[id] == nil ? [] : [.drain(id)]
    case .drained(let id): return close(id)
    }
  }

  private mutating func close(_ id: LinkID) -> [Action] {
    guard let link = links.removeValue(forKey: id) else { return [] }
    if link.origin == .there { inbound[link.node] = nil } else { outbound[link.node] = nil }
    let isLast = self.link(to: link.node) == nil
    return isLast ? [.close(id), .nodeGone(link.node)] : [.close(id)]
  }
}
