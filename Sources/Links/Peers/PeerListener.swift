package import Wire
internal import ZeroMQ

/// A node's end of the data links that other nodes open to it.
package final class PeerListener {
  /// What a listener asks its node.
  package struct Handlers {
    /// The link to the peer that says hello; nil when that peer is not to be had.
    package var link: (PeerHello) -> PeerLink?
    /// A peer was turned away, or broke the protocol.
    package var refused: (String) -> Void

    package init(
      link: @escaping (PeerHello) -> PeerLink?, refused: @escaping (String) -> Void
    ) {
      self.link = link
      self.refused = refused
    }
  }

  private let runSecret: [UInt8]
  private let build: String
  private let handlers: Handlers
  @exclusivity(unchecked) private var socket: FrameSocket?
  @exclusivity(unchecked) private var links: [FrameSocket.Connection: PeerLink] = [:]
  @exclusivity(unchecked) private var connections: [NodeAddress: FrameSocket.Connection] = [:]
  @exclusivity(unchecked) private var ignored = RecentConnections()
  /// Connections that have not said hello in the turn in which they came.
  @exclusivity(unchecked) private var silent: Set<FrameSocket.Connection> = []

  /// Listens at `path`; throws when it cannot be made.
  package init(
    at path: String, runSecret: [UInt8], build: String, in context: LinkContext,
    on loop: EventLoop, handlers: Handlers
  ) throws {
    self.runSecret = runSecret
    self.build = build
    self.handlers = handlers
    let socket = try FrameSocket(.router, in: context, on: loop) {
      [unowned self] connection, frame in
      receive(frame, from: connection)
    }
    try socket.listen(at: path)
    self.socket = socket
  }

  /// Takes what has come, up to a turn's share.
  package func receive() {
    socket?.receive()
    guard !silent.isEmpty else { return }
    // A connection that came anew by itself does not know that it has to say hello again.
    for connection in silent {
      socket?.send(FlowHeader(kind: .whoIsThere).frame(), to: connection)
    }
    silent = []
  }

  /// Takes all that has come.
  package func receiveAll() { socket?.receiveAll() }

  /// Whether the next look may find something.
  package var mayHaveFrames: Bool { socket.map { $0.mayHaveFrames && !$0.isClosed } ?? false }

  /// Forgets a peer that has gone.
  package func forget(_ peer: NodeAddress) {
    guard let connection = connections.removeValue(forKey: peer) else { return }
    links[connection] = nil
    ignored.insert(connection)
  }

  /// Closes the socket.
  package func close() { socket?.close() }

  private func receive(_ frame: UnsafeRawBufferPointer, from connection: FrameSocket.Connection) {
    guard !ignored.contains(connection) else { return }
    let isHello = frame.first.map { $0 & 0xF0 == Self.arrayByte } ?? false
    if let link = links[connection], !isHello {
      do throws(WireError) {
        try link.receive(frame)
      } catch {
        handlers.refused("\(link.peer.name): \(error)")
        links[connection] = nil
        ignored.insert(connection)
        link.detach()
      }
      return
    }
    guard isHello else {
      silent.insert(connection)
      return
    }
    admit(frame, from: connection)
  }

  /// How an array begins, as a hello does however many fields it has, and no other frame of a link.
  private static let arrayByte: UInt8 = 0x90

  private func admit(_ frame: UnsafeRawBufferPointer, from connection: FrameSocket.Connection) {
    silent.remove(connection)
    do throws(WireError) {
      let hello = try PeerHello(frame: Array(frame.prefix(PeerHello.largestFrame + 1)))
      if let reason = hello.refusal(runSecret: runSecret, build: build) {
        throw WireError(reason)
      }
      guard let link = handlers.link(hello), !link.isClosed else {
        throw WireError("\(hello.address.name) is not alive")
      }
      if let old = connections[hello.address], old != connection {
        links[old] = nil
        ignored.insert(old)
      }
      links[connection] = link
      connections[hello.address] = connection
      socket?.send(FlowHeader(kind: .welcome, total: link.received).frame(), to: connection)
      link.attach(peerReceived: hello.received) { [weak self] frame in
        // A peer that is not there connects again, and is sent then what it lacks.
        if self?.socket?.send(frame, to: connection) != true { self?.lost(connection) }
      }
    } catch {
      ignored.insert(connection)
      handlers.refused(error.description)
    }
  }

  private func lost(_ connection: FrameSocket.Connection) {
    guard let link = links.removeValue(forKey: connection) else { return }
    connections[link.peer] = nil
    link.detach()
  }
}
