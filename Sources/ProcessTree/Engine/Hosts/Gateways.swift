internal import ProcessTreeWire

/// Where the nodes of a host find the gates to others.
///
/// The gate to a host that was opened from here is that host's near half; the one to all others is
/// the far half of this one.
struct Gateways: Sendable {
  /// A socket through which nodes of another host are reached, and the process that listens there.
  struct Gate: Equatable, Sendable {
    let endpoint: String
    let pid: Int32
  }

  let directory: RunDirectory
  /// The host that is meant with "here".
  let host: HostPath
  /// The process at the top of this host.
  let root: Int32

  /// The gate to another host; nil for this one, and for one that is not, or no longer, open.
  func gate(to other: HostPath) -> Gate? {
    let pid: Int32?
    switch host.way(to: other) {
    case .here: pid = nil
    case .up: pid = root
    case .down(let number): pid = directory.gate(to: number)
    }
    return pid.map { Gate(endpoint: "ipc://" + directory.socket(of: $0, "g"), pid: $0) }
  }

  /// Where a node of this host listens for data links.
  func endpoint(of node: PeerAddress) -> String { "ipc://" + directory.socket(of: node.pid, "l") }

  /// Why a process must not open a link over the gate in a direction; nil if it may.
  func refusal(of target: GateTarget, from pid: Int32, over way: HostPath.Way) -> String? {
    guard host.way(to: target.to.host) == way else { return "the gate does not lead to its host" }
    guard host.way(to: target.from.host) != way else {
      return "the node that asks is on the same side as the other"
    }
    // A gate speaks for the nodes behind it, a node for itself.
    let speaker =
      target.from.host == host ? target.from.pid : gate(to: target.from.host)?.pid
    guard pid == speaker else {
      return "the process \(pid) speaks for a node that is not its own"
    }
    return nil
  }
}
