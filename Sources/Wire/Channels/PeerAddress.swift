/// The address of a node's data links, and its process.
///
/// A pid may belong to another process by the time it is used; the start time distinguishes them.
package struct PeerAddress: Hashable, Sendable {
  package let path: NodePath
  package let name: String
  package let pid: Int32
  /// In clock ticks since boot; 0 if unknown.
  package let startTime: UInt64
  /// The endpoint at which the node listens for data links, on its host.
  package let endpoint: String
  /// The host that the node runs on, whose the pid and the endpoint are.
  package let host: HostPath

  package init(
    path: NodePath, name: String, pid: Int32, startTime: UInt64, endpoint: String,
    host: HostPath = .root
  ) {
    self.host = host
    self.path = path
    self.name = name
    self.pid = pid
    self.startTime = startTime
    self.endpoint = endpoint
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(pid)
    hasher.combine(startTime)
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.pid == right.pid && left.startTime == right.startTime && left.path == right.path
      && left.host == right.host
  }
}
