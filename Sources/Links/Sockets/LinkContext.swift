internal import ProcessTreeZeroMQ

/// What carries the frames of a node: the maker of its sockets.
///
/// Nodes that are processes use ZeroMQ, nodes that share a process a ``MemoryNetwork``. Nothing above
/// the sockets knows which.
package final class LinkContext {
  private let network: MemoryNetwork?
  private var context: Context?

  /// Frames go over ZeroMQ's sockets.
  ///
  /// The ZeroMQ context is made with the first socket and ends with the process: a node leaves by
  /// `_exit` after its goodbye was answered, because terminating the context would cost a tenth of a
  /// node's life and could only wait for what the goodbye has proved to have arrived.
  package init() { network = nil }

  /// Threads that libzmq makes with the first socket: one that moves bytes, one that closes.
  private static let threads = 2
  /// Descriptors that a first socket takes, and its listening or connecting end.
  private static let firstDescriptors = 8
  /// The same for each further socket.
  private static let furtherDescriptors = 2

  /// Frames stay within the process.
  package init(_ network: MemoryNetwork) { self.network = network }

  /// Makes a socket that calls `onFrame` with each frame; its bytes are valid during the call.
  func makeSocket(
    _ kind: FrameCarrierKind, on loop: EventLoop, probesRouter: Bool = false,
    onFrame: @escaping (FrameCarrier.Connection, UnsafeRawBufferPointer) -> Void
  ) throws -> any FrameCarrier {
    if let network {
      return MemorySocket(
        kind, in: network, on: loop, probesRouter: probesRouter, onFrame: onFrame)
    }
    return try FrameSocket(
      kind == .dealer ? .dealer : .router, in: self, on: loop, probesRouter: probesRouter,
      onFrame: onFrame)
  }

  /// The endpoint of a socket that listens at a path.
  package func endpoint(at path: String) -> String {
    network == nil ? "ipc://\(path)" : "inproc://\(path)"
  }

  /// The context, with room for one more socket.
  ///
  /// libzmq ends the process where a thread or a descriptor cannot be had; so both are looked for first.
  func get() throws -> Context {
    if let context {
      try FreeDescriptors.demand(Self.furtherDescriptors, for: "a connection")
      return context
    }
    try FreeDescriptors.demand(Self.firstDescriptors, for: "a node's first connection")
    // One more than are needed: others of this user start at the same time.
    try FreeThreads.demand(Self.threads + 1)
    let made = try Context(maximumSockets: 1_024)
    context = made
    return made
  }

  /// Ends the context and its threads, once its sockets are closed.
  package func terminate() {
    context?.terminate()
    context = nil
  }
}
