internal import ZeroMQ

/// The ZeroMQ context of a node, made when the first socket is.
///
/// It ends with the process: a node leaves by `_exit` after its goodbye was answered, because
/// terminating the context would cost a tenth of a node's life and could only wait for what the
/// goodbye has proved to have arrived.
package final class LinkContext {
  private var context: Context?

  package init() {}

  /// Threads that libzmq makes with the first socket: one that moves bytes, one that closes.
  private static let threads = 2
  /// Descriptors that a first socket takes, and its listening or connecting end.
  private static let firstDescriptors = 8
  /// The same for each further socket.
  private static let furtherDescriptors = 2

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
