import Foundation
import ProcessTreeLinks
import ProcessTreeWire

/// A listener and a connector over real sockets, whose links take part in the turns of a loop.
final class PeerPair {
  static let secret: [UInt8] = Array(1...16)
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
  /// What the listener told the connector why it was turned away.
  private(set) var refusalsTold: [String] = []
  private let loop: EventLoop
  private let contexts = (LinkContext(), LinkContext())
  private var hook = -1

  /// - Parameter entrance: Where the connector goes; the listener itself unless it is given.
  init(on loop: EventLoop, entrance: String? = nil) throws {
    self.loop = loop
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("peers-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    let path = directory.path
    func address(_ number: UInt32, _ socket: String) -> PeerAddress {
      PeerAddress(
        path: NodePath(positions: [number]), name: "node \(number)", pid: Int32(number),
        startTime: 1, endpoint: "ipc://\(path)/\(socket)")
    }
    listenerNode = address(1, entrance ?? "l")
    connectorNode = address(2, "none")
    accepted = PeerLink(to: connectorNode)
    opened = PeerLink(to: listenerNode)
    let handlers = PeerListener.Handlers(
      link: { [unowned self] in $0.address == connectorNode ? accepted : nil },
      refused: { [unowned self] in refusals.append($0) },
      broken: { [unowned self] in refusals.append("\($0.peer.name): \($1)") })
    listener = try PeerListener(
      at: path + "/l", runSecret: Self.secret, build: Self.build, in: contexts.0, on: loop,
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

  func hello(
    secret: [UInt8] = PeerPair.secret, build: String = PeerPair.build, from node: PeerAddress? = nil
  ) -> PeerHello {
    PeerHello(runSecret: secret, build: build, address: node ?? connectorNode)
  }

  func connect(_ hello: PeerHello? = nil) throws {
    connector = try PeerConnector(
      opened, hello: hello ?? self.hello(), in: contexts.1, on: loop,
      onRefusal: { [unowned self] in refusalsTold.append($0) },
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
