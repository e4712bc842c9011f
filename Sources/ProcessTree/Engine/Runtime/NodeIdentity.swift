internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Who a node is; fixed from its start to its end.
struct NodeIdentity: Sendable {
  /// Another node, as this one was told.
  struct Peer: Hashable, Sendable {
    let name: String
    let pid: Int32
  }

  let path: NodePath
  let name: String
  let pid: Int32
  let isDaemon: Bool
  /// Nil at the root.
  let parent: Peer?
  let tag: RunTag
  let run: RunIdentity
  let build: String

  var isRoot: Bool { parent == nil }
}
