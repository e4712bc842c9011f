internal import Glibc
internal import ProcessTree

/// Something that happens to a tree under test.
///
/// A node is named by its place, `Process-1:2` for instance; nothing happens if none lives there.
public struct TestFault: Hashable, Sendable, CustomStringConvertible {
  enum Kind: Hashable, Sendable {
    case node(String, NodeHarm)
    case lostFrame
  }

  let kind: Kind

  /// SIGKILL to a node.
  public static func kill(_ path: String) -> Self { signal(SIGKILL, to: path) }

  /// SIGTERM to a node.
  public static func terminate(_ path: String) -> Self { signal(SIGTERM, to: path) }

  /// A signal to a node.
  public static func signal(_ signal: Int32, to path: String) -> Self {
    Self(kind: .node(path, .signal(signal)))
  }

  /// SIGSTOP to a node, and SIGCONT after a time: nothing leaves it and nothing arrives meanwhile.
  ///
  /// What its program computes goes on, but nobody sees anything of it.
  public static func stop(_ path: String, for time: Duration) -> Self {
    Self(kind: .node(path, .stop(time)))
  }

  /// The connections that other nodes have to the node's channels break, and frames under way are
  /// lost; they are made again.
  public static func cutChannels(of path: String) -> Self { Self(kind: .node(path, .cut)) }

  /// The next frame of a channel is lost, and its connection with it, which is made again.
  public static let dropFrame = Self(kind: .lostFrame)

  /// Each frame to and from a node takes a time, during a longer one.
  public static func delay(_ path: String, by delay: Duration, for time: Duration) -> Self {
    Self(kind: .node(path, .delay(by: delay, for: time)))
  }

  /// The node's code closes the descriptors of all its connections.
  public static func close(_ path: String) -> Self { Self(kind: .node(path, .sever)) }

  /// The node does not get a resource for a time.
  public static func refuse(
    _ resource: Resource, to path: String, for time: Duration
  ) -> Self {
    Self(kind: .node(path, .shortage(resource.shortage, time)))
  }

  /// What a node can be refused.
  public struct Resource: Hashable, Sendable {
    let shortage: Shortage

    /// Connections of others to the node: they wait.
    public static let connections = Self(shortage: .connections)
    /// Descriptors: the node starts no child, opens no connection and accepts none.
    public static let descriptors = Self(shortage: .descriptors)
    /// Processes: each start of a child fails.
    public static let processes = Self(shortage: .processes)
    /// Memory: each start of a child fails, and nothing is shared with other nodes.
    public static let memory = Self(shortage: .memory)
    /// Threads: with virtual time `offload` throws.
    public static let threads = Self(shortage: .threads)
  }

  /// The fault in words.
  public var description: String {
    guard case .node(let path, let harm) = kind else { return "drop a frame" }
    return switch harm {
    case .signal(let signal): "signal \(signal) to \(path)"
    case .stop(let time): "stop \(path) for \(time)"
    case .cut: "cut the channels of \(path)"
    case .sever: "close the connections of \(path)"
    case .delay(let delay, let time): "delay \(path) by \(delay) for \(time)"
    case .shortage(let shortage, let time): "refuse \(path) \(shortage.rawValue) for \(time)"
    }
  }
}
