import ProcessTreeBase
import ProcessTreeCZeroMQ
import Synchronization

/// Reports events of a socket's connections; for use on the socket's thread.
///
/// A socket has at most one monitor. Events are queued without bound, because libzmq's I/O thread
/// would otherwise stand still, with every socket of the context, until somebody reads them.
public final class SocketMonitor {
  private let observed: Socket
  private let queue: Socket

  private static let counter = Atomic<Int>(0)

  /// Starts reporting, from the next event on.
  ///
  /// - Throws: The error of libzmq, also for a socket that is closed or inherited from another
  ///   process.
  public init(of socket: Socket) throws(ZeroMQError) {
    let handle = try socket.usable("zmq_socket_monitor")
    let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
    let endpoint = Endpoint.inproc("monitor-\(number)")
    guard cz_socket_monitor(handle, endpoint.description, ZMQ_EVENT_ALL) == 0 else {
      throw ZeroMQError.last("zmq_socket_monitor")
    }
    observed = socket
    queue = try Socket(.pair, in: socket.context, .receiveHighWaterMark(0), .linger(.zero))
    try queue.connect(endpoint)
  }

  /// A descriptor that becomes readable when there may be an event; edge-triggered.
  public var fileDescriptor: Int32 { queue.fileDescriptor }

  /// Returns the next event; nil if there is none.
  ///
  /// - Throws: The error of libzmq, also for a socket that is closed or inherited from another
  ///   process.
  public func tryNext() throws(ZeroMQError) -> SocketEvent? {
    var head = Message()
    var endpoint = Message()
    while try queue.tryReceive(into: &head) {
      guard head.hasMore, try queue.tryReceive(into: &endpoint) else { continue }
      if let event = SocketEvent(head, endpoint: endpoint) { return event }
    }
    return nil
  }

  /// Returns the next event, blocking the thread until there is one.
  ///
  /// - Throws: ``ZeroMQError/Code/timedOut`` if no event comes in time.
  public func next(timeout: Duration) throws(ZeroMQError) -> SocketEvent {
    let deadline = ContinuousClock.now.after(timeout)
    while true {
      if let event = try tryNext() { return event }
      try queue.wait(for: ZMQ_POLLIN, until: deadline)
    }
  }

  /// Stops reporting; later calls do nothing.
  public func close() {
    if let handle = try? observed.usable("zmq_socket_monitor") {
      cz_socket_monitor(handle, nil, 0)
    }
    queue.close()
  }

  deinit { close() }
}
