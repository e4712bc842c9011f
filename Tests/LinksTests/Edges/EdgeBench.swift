import Foundation
import ProcessTreeBase
import ProcessTreeLinks
import ProcessTreeWire
import ProcessTreeZeroMQ

/// The secret of the root of a tree, all this byte.
func rootSecret(_ byte: UInt8 = 1) -> NodeSecret {
  NodeSecret(Secret { $0.initializeMemory(as: UInt8.self, repeating: byte) }, of: .root)
}

func hello(
  _ position: UInt32, root: UInt8 = 1, build: String = "build", version: ProtocolVersion = .current
) -> Hello {
  Hello(
    of: rootSecret(root).child(position), version: version, attempt: 1, pid: getpid(), build: build)
}

/// A parent's listener at a socket file of its own, and its received messages.
final class EdgeBench {
  /// A child's end, and what came.
  final class Peer {
    fileprivate(set) var frames: [[UInt8]] = []
    fileprivate(set) var refusals: [String] = []
    fileprivate(set) var welcomes: [Proof] = []
    fileprivate(set) var made: EdgeConnector?

    var connector: EdgeConnector {
      guard let made else { preconditionFailure("a peer without its connector") }
      return made
    }

    fileprivate func take(_ frame: UnsafeRawBufferPointer) {
      let bytes = Array(frame)
      if case .welcome(_, let proof)? = try? ControlMessage(frame: bytes) {
        welcomes.append(proof)
      } else if case .refused(let refusal)? = try? ControlMessage(frame: bytes) {
        refusals.append(refusal.reason)
      } else {
        frames.append(bytes)
      }
    }
  }

  let path: String
  private let directory: URL?
  private let loop: EventLoop
  private let context = LinkContext()
  private let strangers: Context
  private var peers: [Peer] = []
  private(set) var admitted: [UInt32] = []
  private(set) var broken: [UInt32] = []
  private(set) var refused: [String] = []
  private(set) var frames: [[UInt8]] = []
  private(set) var senders: [UInt32: [[UInt8]]] = [:]
  private var made: EdgeListener?

  var listener: EdgeListener {
    guard let made else { preconditionFailure("a bench without its listener") }
    return made
  }

  init(on loop: EventLoop, at path: String? = nil) throws {
    self.loop = loop
    strangers = try Context()
    directory =
      path == nil
      ? FileManager.default.temporaryDirectory
        .appendingPathComponent("links-\(UUID().uuidString.prefix(8))") : nil
    if let directory {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    }
    self.path = path ?? (directory.map { $0.path + "/s" } ?? "")
    let handlers = EdgeListener.Handlers(
      admitted: { [unowned self] position, _ in admitted.append(position) },
      frame: { [unowned self] position, frame in
        frames.append(Array(frame))
        senders[position, default: []].append(Array(frame))
      },
      broken: { [unowned self] position in broken.append(position) },
      refused: { [unowned self] reason in refused.append(reason) })
    made = try EdgeListener(
      at: self.path, build: "build", secret: rootSecret(), in: context, on: loop,
      handlers: handlers)
    loop.addTurnHook { [weak self] in self?.turn() ?? false }
  }

  private func turn() -> Bool {
    made?.receive()
    for peer in peers { peer.made?.receive() }
    return made?.mayHaveFrames ?? false || peers.contains { $0.made?.mayHaveFrames ?? false }
  }

  /// Connects a child that sends this.
  func connect(_ hello: Hello) throws -> Peer {
    let peer = Peer()
    peer.made = try EdgeConnector(to: "ipc://\(path)", hello: hello, in: context, on: loop) {
      [unowned peer] frame in
      peer.take(frame)
    }
    peers.append(peer)
    return peer
  }

  /// Connects a socket that is under nobody's control.
  func connectRaw(_ options: SocketOption...) throws -> Socket {
    let socket = try Socket(.dealer, in: strangers)
    for option in options { try socket.set(option) }
    try socket.connect(.ipc(path: path))
    return socket
  }

  deinit {
    made?.close()
    for peer in peers { peer.made?.close() }
    if let directory { try? FileManager.default.removeItem(at: directory) }
  }
}
