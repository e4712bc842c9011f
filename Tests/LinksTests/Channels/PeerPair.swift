import Foundation
import ProcessTreeLinks
import ProcessTreeWire

/// A listener and a connector over real sockets, whose links take part in the turns of a loop.
final class PeerPair {
  static let build = "build"

  let directory: URL
  let listenerNode: PeerAddress
  let connectorNode: PeerAddress
  /// The listener's end of the link.
  let accepted: PeerLink
  /// The connector's end.
  let opened: PeerLink
  private(set) var listener: PeerListener?
  private(set) var connector: PeerConnector?
  /// What the listener turned away, and what the connector found wrong.
  private(set) var refusals: [String] = []
  private(set) var violations: [String] = []
  /// The reasons that the connector received for being turned away.
  private(set) var refusalsTold: [String] = []
  private let loop: EventLoop
  private let contexts: (LinkContext, LinkContext)
  private let isElsewhere: Bool
  private var hook = -1

  /// - Parameters:
  ///   - loop: The loop of both.
  ///   - entrance: Where the connector goes; the listener itself unless it is given.
  ///   - rings: What rings of connections are made of, if processes stand in for the two nodes.
  init(on loop: EventLoop, entrance: String? = nil, rings: TestRings? = nil) throws {
    self.loop = loop
    contexts = (LinkContext(rings: rings), LinkContext(rings: rings))
    isElsewhere = rings != nil
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("peers-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    let path = directory.path
    func address(_ number: UInt32, _ socket: String) -> PeerAddress {
      PeerAddress(
        path: NodePath(positions: [number]), name: "node \(number)", pid: getpid(),
        startTime: 1, endpoint: "ipc://\(path)/\(socket)")
    }
    listenerNode = address(1, entrance ?? "l")
    connectorNode = address(2, "none")
    accepted = PeerLink(to: connectorNode)
    opened = PeerLink(to: listenerNode)
    let handlers = PeerListener.Handlers(
      link: { [unowned self] in $0.address == connectorNode ? accepted : nil },
      carrier: { [isElsewhere] _ in isElsewhere ? getpid() : nil },
      refused: { [unowned self] in refusals.append($0) },
      broken: { [unowned self] in refusals.append("\($0.peer.name): \($1)") })
    listener = try PeerListener(
      at: path + "/l", build: Self.build, in: contexts.0, on: loop,
      secret: { [path = listenerNode.path] in rootSecret().linkSecret(from: $0.path, to: path) },
      handlers: handlers)
    hook = loop.addTurnHook { [unowned self] in
      listener?.receive()
      connector?.receive()
      return listener?.mayHaveFrames ?? false || connector?.mayHaveFrames ?? false
    }
  }

  var path: String { directory.path + "/l" }
  /// Where a proxy may listen.
  var entrance: String { directory.path + "/proxy" }

  func hello(build: String = PeerPair.build, from node: PeerAddress? = nil) -> PeerHello {
    PeerHello(build: build, address: node ?? connectorNode)
  }

  /// What a node proves itself with at the listener, in a tree of this secret.
  func secret(of node: PeerAddress? = nil, root: UInt8 = 1) throws -> LinkSecret {
    let path = (node ?? connectorNode).path
    guard let secret = rootSecret(root).linkSecret(from: path, to: listenerNode.path) else {
      throw WireError("the root is above neither")
    }
    return secret
  }

  func connect(_ hello: PeerHello? = nil, by secret: LinkSecret? = nil) throws {
    connector = try PeerConnector(
      opened, by: try secret ?? self.secret(), hello: hello ?? self.hello(),
      isElsewhere: isElsewhere, in: contexts.1, on: loop,
      onRefusal: { [unowned self] in refusalsTold.append($0.reason) },
      onViolation: { [unowned self] in violations.append($0) })
  }

  /// Closes the sockets; to be called on the loop.
  func close() {
    loop.removeTurnHook(hook)
    connector?.close()
    listener?.close()
    try? FileManager.default.removeItem(at: directory)
  }
}
