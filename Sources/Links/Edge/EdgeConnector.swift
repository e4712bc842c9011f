internal import Glibc
package import ProcessTreeWire
internal import ProcessTreeZeroMQ

/// A child's end of the control connection to its parent.
package final class EdgeConnector {
  private var socket: (any FrameCarrier)?
  /// The stream that the child has inherited, which carries its frames in place of a socket.
  private let stream: FrameStream?
  private let endpoint: Endpoint?

  /// Connects to the parent and sends hello; does not wait for an answer, which only a refusal has.
  package init(
    to endpoint: String, hello: Hello, in context: LinkContext, on loop: EventLoop,
    onFrame: @escaping (UnsafeRawBufferPointer) -> Void
  ) throws {
    guard let endpoint = Endpoint(endpoint) else {
      throw WireError("\(endpoint) is no endpoint: ipc://path or tcp://host:port is expected")
    }
    self.endpoint = endpoint
    stream = nil
    let socket = try context.makeSocket(.dealer, on: loop) { _, frame in onFrame(frame) }
    try socket.connect(to: endpoint)
    socket.send(hello.frame())
    self.socket = socket
  }

  /// Sends hello over the stream that the child has inherited from its parent, with the next flush.
  package init(
    over stream: FrameStream, hello: Hello, onFrame: @escaping (UnsafeRawBufferPointer) -> Void
  ) {
    endpoint = nil
    self.stream = stream
    stream.onFrame = onFrame
    stream.gather()
    stream.send(hello.frame())
  }

  /// Keeps what is sent over a stream until `flush()`; other connections have a thread that
  /// gathers.
  package func gather() { stream?.gather() }

  package func flush() { stream?.flush() }

  /// Whether one of this process's descriptors leads to the parent already.
  ///
  /// ZeroMQ makes it on a thread of its own, some time after the constructor has returned.
  package var isConnected: Bool {
    guard case .ipc(let path)? = endpoint else { return true }
    return (0..<Self.descriptorsLookedAt).contains { leads($0, to: path) }
  }

  /// A child that has just begun has few, and new ones get the lowest numbers.
  private static let descriptorsLookedAt: Int32 = 64

  private func leads(_ descriptor: Int32, to path: String) -> Bool {
    var address = sockaddr_un()
    var size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &size) }
    }
    guard result == 0, address.sun_family == sa_family_t(AF_UNIX) else { return false }
    return withUnsafeBytes(of: &address.sun_path) { $0.prefix { $0 != 0 }.elementsEqual(path.utf8) }
  }

  /// Sends a frame to the parent.
  package func send(_ frame: [UInt8]) {
    if let stream { _ = stream.send(frame) } else { socket?.send(frame) }
  }

  /// Takes what has come, up to a turn's share.
  package func receive() { socket?.receive() }

  /// Whether the next look may find something.
  package var mayHaveFrames: Bool { socket.map { $0.mayHaveFrames && !$0.isClosed } ?? false }

  /// Closes the socket; unsent frames go out within a bounded time, if the process lives on.
  package func close() {
    socket?.close()
    stream?.close()
  }
}
