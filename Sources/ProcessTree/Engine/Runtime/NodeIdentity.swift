internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The identity of a node; fixed from its start to its end.
struct NodeIdentity: Sendable {
  /// Another node, as this one knows it.
  struct Peer: Hashable, Sendable {
    let name: String
    let pid: Int32
  }

  let path: NodePath
  let name: String
  let pid: Int32
  let isDaemon: Bool
  /// The number of the node's life, from 1 on.
  var incarnation = 1
  /// Where other nodes find the node, in all of its lives.
  var address = NodeAddress.root
  /// Nil at the root.
  let parent: Peer?
  let tag: RunTag
  let run: RunIdentity
  let build: String
  /// Where the node runs; nil on the host of the run's root.
  var placement: Placement?

  var isRoot: Bool { parent == nil }

  /// When the node's process was started, in clock ticks since boot; 0 if it has ended.
  var startTime: UInt64 {
    // The root knows its own.
    if pid == run.rootPID, placement == nil { return run.rootStartTime }
    return HostProcess.startTime(of: pid) ?? 0
  }

  /// The host that the node runs on.
  var host: HostPath { placement?.host ?? .root }

  /// The gates around the node's host.
  var gateways: Gateways {
    Gateways(directory: RunDirectory(path: run.directory), host: host, root: run.rootPID)
  }

  /// What a stop that this node requests comes from.
  var origin: StopRequest.Origin { .node(address: address.description) }

  /// A request of this node.
  func stopRequest(because reason: String) -> StopRequest {
    StopRequest(
      requestedBy: name, reason: reason.limited(to: WireLimits.text), origin: origin)
  }
}
