internal import ProcessTreeZeroMQ

/// The maker of a node's sockets.
///
/// Nodes that are processes use ZeroMQ; nodes that share a process use a ``MemoryNetwork``. The
/// layers above the sockets do not see the difference.
package final class LinkContext {
  private let network: MemoryNetwork?
  /// The node's place in the memory network.
  package let station: MemoryStation?
  private var context: Context?
  /// What rings of connections are made of; nil if connections have none.
  private let rings: (any RingSource)?

  /// Makes a context for sockets of ZeroMQ.
  ///
  /// The ZeroMQ context is made with the first socket and ends with the process. A node leaves by
  /// `_exit` after the reply to its goodbye: terminating the context would take a tenth of a node's
  /// life, and only wait for frames that the reply proves to have arrived.
  ///
  /// - Parameter rings: What rings of connections are made of; nil if connections have none.
  package init(rings: (any RingSource)? = nil) {
    self.rings = rings
    network = nil
    station = nil
  }

  /// Loads libzmq, which the first socket of this process and of its clones would load otherwise.
  ///
  /// A failure is reported by the first socket.
  package static func loadLibrary() { Context.loadLibrary() }

  /// The threads that libzmq makes with the first socket: one for I/O, one for closing.
  private static let threads = 2
  /// The descriptors of a first socket, and of its listening or connecting end.
  private static let firstDescriptors = 8
  /// The descriptors of a node's first socket, if it listens.
  package static let descriptorsOfAListener = firstDescriptors
  /// The descriptors of each further socket.
  private static let furtherDescriptors = 2

  /// Makes a context for the sockets of the node at a station of a memory network.
  package init(_ network: MemoryNetwork, at station: MemoryStation) {
    self.network = network
    self.station = station
    rings = nil
  }

  /// - Parameter mayHaveRings: Whether its connections may go over to rings.
  func makeSocket(
    _ kind: FrameCarrierKind, on loop: EventLoop, probesRouter: Bool = false,
    mayHaveRings: Bool = false,
    onFrame: @escaping (FrameCarrier.Connection, UnsafeRawBufferPointer) -> Void
  ) throws -> any FrameCarrier {
    if let network, let station {
      try demandDescriptors(1, for: "a connection")
      return MemorySocket(
        kind, in: network, at: station, on: loop, probesRouter: probesRouter, onFrame: onFrame)
    }
    if mayHaveRings, let rings {
      return try RingedSocket(
        kind, in: self, on: loop, probesRouter: probesRouter, source: rings, onFrame: onFrame)
    }
    return try FrameSocket(
      kind == .dealer ? .dealer : .router, in: self, on: loop, probesRouter: probesRouter,
      onFrame: onFrame)
  }

  package func endpoint(at path: String) -> String {
    network == nil ? "ipc://\(path)" : "inproc://\(path)"
  }

  /// Throws unless the node has this many free descriptors.
  package func demandDescriptors(_ count: Int, for purpose: String) throws(LimitError) {
    guard let station else { return try FreeDescriptors.demand(count, for: purpose) }
    guard !station.hasDescriptors else { return }
    throw LimitError("Too many open files: \(purpose) needs \(count) free descriptors.")
  }

  /// The context, with resources for one more socket.
  ///
  /// libzmq aborts if it gets no thread or descriptor, so this checks both.
  func get() throws -> Context {
    if let context {
      try FreeDescriptors.demand(Self.furtherDescriptors, for: "a connection")
      return context
    }
    try FreeDescriptors.demand(Self.firstDescriptors, for: "a node's first connection")
    // One more than necessary, because other processes of this user start at the same time.
    try FreeThreads.demand(Self.threads + 1)
    let made = try Context(maximumSockets: 1_024)
    context = made
    return made
  }

  /// Ends the context and its threads; its sockets must be closed.
  package func terminate() {
    context?.terminate()
    context = nil
  }
}
