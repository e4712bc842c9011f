internal import ZeroMQ

/// The ZeroMQ context of a node, made when the first socket is.
///
/// It ends with the process: a node leaves by `_exit` after its goodbye was answered, because
/// terminating the context would cost a tenth of a node's life and could only wait for what the
/// goodbye has proved to have arrived.
package final class LinkContext {
  private var context: Context?

  package init() {}

  /// The context.
  func get() throws(ZeroMQError) -> Context {
    if let context { return context }
    let made = try Context(maximumSockets: 64)
    context = made
    return made
  }

  /// Opens, uses and ends a context once, so that children that are forked later inherit what the
  /// first use of ZeroMQ resolves and allocates. The process has its former threads afterwards.
  package static func warmUp() {
    guard let context = try? Context(), let socket = try? Socket(.dealer, in: context) else {
      return
    }
    try? socket.set(.linger(.zero))
    socket.close()
    context.terminate()
  }
}
