package import Wire
internal import ZeroMQ

/// A node's end of the data link that it opens to another.
///
/// ZeroMQ connects again by itself when the connection breaks, and sends a probe; the listener then
/// asks who is there, and the link goes on where it was.
package final class PeerConnector {
  private let link: PeerLink
  private let hello: PeerHello
  private let onViolation: (String) -> Void
  @exclusivity(unchecked) private var socket: FrameSocket?
  @exclusivity(unchecked) private var hasGreeted = false
  @exclusivity(unchecked) private var isGreetingAgain = false

  /// Connects to the link's peer.
  package init(
    _ link: PeerLink, hello: PeerHello, in context: LinkContext, on loop: EventLoop,
    onViolation: @escaping (String) -> Void
  ) throws {
    self.link = link
    self.hello = hello
    self.onViolation = onViolation
    guard let endpoint = Endpoint(link.peer.endpoint) else {
      throw WireError("\(link.peer.endpoint) is no endpoint: ipc://path is expected")
    }
    let socket = try FrameSocket(.dealer, in: context, on: loop, probesRouter: true) {
      [unowned self] _, frame in receive(frame)
    }
    try socket.connect(to: endpoint)
    self.socket = socket
  }

  /// Says hello as soon as there is a connection: the socket takes nothing before.
  private func greet() {
    guard !hasGreeted, let socket, socket.send(hello.frame()) else { return }
    hasGreeted = true
    // Nothing has been sent before: no need to wait for the answer.
    link.attach(peerReceived: 0) { [weak self] in self?.send($0) }
  }

  /// A frame that finds no connection is sent again with the next one.
  private func send(_ frame: [UInt8]) { socket?.send(frame) }

  private func receive(_ frame: UnsafeRawBufferPointer) {
    do throws(WireError) {
      let header = try FlowHeader(frame)
      switch header.kind {
      case .whoIsThere:
        link.detach()
        isGreetingAgain = true
        var hello = hello
        hello.received = link.received
        socket?.send(hello.frame())
      case .welcome:
        guard isGreetingAgain else { return }
        isGreetingAgain = false
        link.attach(peerReceived: header.total) { [weak self] in self?.send($0) }
      default: try link.receive(frame)
      }
    } catch {
      onViolation("\(link.peer.name): \(error)")
    }
  }

  /// Takes what has come, up to a turn's share.
  package func receive() {
    greet()
    socket?.receive()
  }

  /// Takes all that has come.
  package func receiveAll() { socket?.receiveAll() }

  /// Whether the next look may find something.
  package var mayHaveFrames: Bool { socket.map { $0.mayHaveFrames && !$0.isClosed } ?? false }

  /// Closes the socket.
  package func close() { socket?.close() }
}
