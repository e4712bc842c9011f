package import Wire
internal import ZeroMQ

/// A child's end of one socket of the edge to its parent.
package final class EdgeConnector {
  @exclusivity(unchecked) private var socket: FrameSocket?

  /// Connects to the parent and says hello; does not wait for an answer, which only a refusal has.
  package init(
    to endpoint: String, hello: Hello, in context: LinkContext, on loop: EventLoop,
    onFrame: @escaping (UnsafeRawBufferPointer) -> Void
  ) throws {
    guard let endpoint = Endpoint(endpoint) else {
      throw WireError("\(endpoint) is no endpoint: ipc://path or tcp://host:port is expected")
    }
    let socket = try FrameSocket(.dealer, in: context, on: loop) { _, frame in onFrame(frame) }
    try socket.connect(to: endpoint)
    socket.send(hello.frame())
    self.socket = socket
  }

  /// Sends a frame to the parent.
  package func send(_ frame: [UInt8]) { socket?.send(frame) }

  /// Takes what has come, up to a turn's share.
  package func receive() { socket?.receive() }

  /// Whether the next look may find something.
  package var mayHaveFrames: Bool { socket.map { $0.mayHaveFrames && !$0.isClosed } ?? false }

  /// Closes the socket; what was sent goes out within a bounded time, if the process lives on.
  package func close() { socket?.close() }
}
