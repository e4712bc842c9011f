internal import ProcessTreeWire

/// Where the nodes of a host find the gates to others.
///
/// The gate to a host that was opened from here is that host's near half; the one to all others is the
/// far half of this one.
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
}
