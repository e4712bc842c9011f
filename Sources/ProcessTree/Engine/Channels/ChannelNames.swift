internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The names that a node gives: to its channels, to tickets, and of itself to its peers.
///
/// May be asked on any thread.
final class ChannelNames: Sendable {
  private struct State {
    var address: PeerAddress?
    var lastChannel: UInt32 = 0
    var lastTicket: UInt64 = 0
  }

  private let identity: NodeIdentity
  private let shared: NodeShared
  private let secret: NodeSecret
  private let state = Lock(State())

  init(_ identity: NodeIdentity, _ shared: NodeShared, _ secret: NodeSecret) {
    self.identity = identity
    self.secret = secret
    self.shared = shared
  }

  /// Where other nodes find this one.
  var nodeAddress: NodeAddress { identity.address }

  /// Where this node's data links end; looked up when first asked for.
  var address: PeerAddress {
    state.withLock { state in
      if let address = state.address { return address }
      let isInProcess = shared.nodes != nil
      let address = PeerAddress(
        path: identity.path, name: identity.name, pid: identity.pid,
        startTime: isInProcess ? 0 : identity.startTime,
        endpoint: (isInProcess ? "inproc://" : "ipc://") + socketPath,
        host: identity.host)
      state.address = address
      return address
    }
  }

  /// Where this node listens for data links.
  var socketPath: String {
    RunDirectory(path: identity.run.directory).socket(of: identity.pid, "l")
  }

  func makeChannel() -> ChannelID {
    let number = state.withLock { state in
      state.lastChannel += 1
      return state.lastChannel
    }
    return ChannelID(home: address, number: number)
  }

  /// A ticket that nobody can guess: a node that names it was handed it.
  func makeTicket() -> TicketID {
    let count = state.withLock { state in
      state.lastTicket += 1
      return state.lastTicket
    }
    return TicketID(node: identity.path, number: secret.ticketNumber(count))
  }

  /// What shows that somebody was handed an end of one side of a channel that is at home here.
  func key(of channel: ChannelID, _ side: ChannelSide) -> UInt64 {
    secret.channelKey(channel.number, side)
  }

  /// The gates around this node's host.
  var gateways: Gateways { identity.gateways }

  /// Whether a node is on another host than this one.
  func isElsewhere(_ node: PeerAddress) -> Bool { node.host != identity.host }

  /// Where to connect to for another node of the run: where it listens, or the gate to its host;
  /// nil if it claims another place, or its host is over.
  func endpoint(of node: PeerAddress) -> String? {
    if shared.nodes != nil { return node.endpoint }
    if isElsewhere(node) { return gateways.gate(to: node.host)?.endpoint }
    let path = RunDirectory(path: identity.run.directory).socket(of: node.pid, "l")
    return node.endpoint == "ipc://" + path ? node.endpoint : nil
  }
}
