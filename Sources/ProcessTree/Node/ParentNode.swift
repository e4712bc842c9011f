internal import Glibc
internal import ProcessTreeLinks

/// The parent of the node that a program runs in.
public struct ParentNode: Sendable {
  let runtime: LoopBound<NodeRuntime>
  private let peer: NodeIdentity.Peer

  init(_ peer: NodeIdentity.Peer, of runtime: LoopBound<NodeRuntime>) {
    self.peer = peer
    self.runtime = runtime
  }

  /// The parent's name.
  public var name: String { peer.name }

  /// The parent's process id.
  public var pid: Int32 { peer.pid }

  /// Whether the parent is still alive.
  ///
  /// A node ends when its parent has ended, so this is false only briefly.
  public var isAlive: Bool { getppid() == peer.pid }
}
