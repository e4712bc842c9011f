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
