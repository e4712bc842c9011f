import ProcessTreeBase
import ProcessTreeCZeroMQ

/// One socket, to be used on one thread.
///
/// Only ``send(_:more:timeout:)`` and ``receive(timeout:)`` block. A socket lingers for a second by
/// default, not without limit as in libzmq, so that no exit can hang on a peer that is gone.
public final class Socket {
  /// The kind of the socket.
  public let kind: SocketKind

  /// A descriptor that becomes readable when ``events()`` may have changed.
  ///
  /// It is edge-triggered: read ``events()`` after each wake-up and after each send and receive, or
  /// a change goes unnoticed.
  public let fileDescriptor: Int32

  let context: Context

  // Checks of exclusive access would cost as much as the calls themselves; the class cannot leave
  // its thread, and no method calls foreign code while it uses the handle.
  @exclusivity(unchecked) private var handle: UnsafeMutableRawPointer?

  /// The default time that unsent messages outlive a socket.
  public static let defaultLinger: Duration = .seconds(1)

  /// Opens a socket with some options.
  ///
  /// - Throws: The error of libzmq, also for too many sockets, a context that has ended or is
  ///   inherited, and an option without use here.
  public init(
    _ kind: SocketKind, in context: Context, _ options: SocketOption...
  ) throws(ZeroMQError) {
    let handle = try context.openSocket(kind)
    do throws(ZeroMQError) {
      try SocketOption.linger(Self.defaultLinger).apply(to: handle)
      for option in options { try option.apply(to: handle) }
      fileDescriptor = try Self.number(ZMQ_FD, of: handle, named: "ZMQ_FD")
    } catch {
      context.closeSocket(handle)
      throw error
    }
    self.kind = kind
    self.context = context
    self.handle = handle
  }

  /// Sets options, which apply to endpoints that are bound or connected afterwards.
  ///
  /// - Throws: The error of libzmq, also for a socket that is closed or inherited from another
  ///   process.
  public func set(_ options: SocketOption...) throws(ZeroMQError) {
    let handle = try usable("zmq_setsockopt")
    for option in options { try option.apply(to: handle) }
  }

  /// Listens at an endpoint.
  ///
  /// - Throws: The error of libzmq, also for an invalid endpoint and for a socket that is closed or
  ///   inherited.
  public func bind(_ endpoint: Endpoint) throws(ZeroMQError) {
    try perform(cz_bind, "zmq_bind", endpoint)
  }

  /// Connects to an endpoint, now or as soon as somebody listens there.
  ///
  /// - Throws: The error of libzmq, also for an invalid endpoint and for a socket that is closed or
  ///   inherited.
  public func connect(_ endpoint: Endpoint) throws(ZeroMQError) {
    try perform(cz_connect, "zmq_connect", endpoint)
  }

  /// Stops listening at an endpoint; ``lastEndpoint`` has the spelling that the system chose.
  ///
  /// - Throws: The error of libzmq, also for an invalid endpoint and for a socket that is closed or
  ///   inherited.
  public func unbind(_ endpoint: Endpoint) throws(ZeroMQError) {
    try perform(cz_unbind, "zmq_unbind", endpoint)
  }

  /// Ends connections to an endpoint.
  ///
  /// - Throws: The error of libzmq, also for an invalid endpoint and for a socket that is closed or
  ///   inherited.
  public func disconnect(_ endpoint: Endpoint) throws(ZeroMQError) {
    try perform(cz_disconnect, "zmq_disconnect", endpoint)
  }

  private func perform(
    _ function: (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Int32, _ name: String,
    _ endpoint: Endpoint
  ) throws(ZeroMQError) {
    try endpoint.validate(for: name)
    let handle = try usable(name)
    let failure = endpoint.description.withCString { function(handle, $0) == 0 ? 0 : cz_errno() }
    guard failure == 0 else { throw ZeroMQError(errno: failure, call: "\(name)(\(endpoint))") }
  }

  /// The endpoint that was bound or connected last, with the port that the system chose; else
  /// empty.
  public var lastEndpoint: String {
    guard let handle, context.mark.isOwn else { return "" }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
      var size = buffer.count
      guard cz_getsockopt(handle, ZMQ_LAST_ENDPOINT, buffer.baseAddress, &size) == 0,
        let start = buffer.baseAddress
      else { return "" }
      return String(cString: start)
    }
  }

  /// The operations that would not block.
  ///
  /// - Throws: The error of libzmq, also for a socket that is closed or inherited from another
  ///   process.
  public func events() throws(ZeroMQError) -> (canReceive: Bool, canSend: Bool) {
    let flags = try Self.number(ZMQ_EVENTS, of: usable("zmq_getsockopt"), named: "ZMQ_EVENTS")
    return (flags & ZMQ_POLLIN != 0, flags & ZMQ_POLLOUT != 0)
  }

  private static func number(
    _ option: Int32, of handle: UnsafeMutableRawPointer, named name: String
  ) throws(ZeroMQError) -> Int32 {
    var value: Int32 = 0
    var size = MemoryLayout<Int32>.size
    while cz_getsockopt(handle, option, &value, &size) != 0 {
      let failure = cz_errno()
      guard failure == EINTR else {
        throw ZeroMQError(errno: failure, call: "zmq_getsockopt(\(name))")
      }
    }
    return value
  }

  /// The handle, if the socket is open and belongs to this process.
  func usable(_ call: @autoclosure () -> String) throws(ZeroMQError) -> UnsafeMutableRawPointer {
    guard let handle else { throw ZeroMQError(errno: ENOTSOCK, call: call()) }
    guard context.mark.isOwn else { throw ZeroMQError.inherited(call()) }
    return handle
  }

  /// Closes the socket; unsent messages linger in the background.
  ///
  /// Calls after the first do nothing.
  public func close() {
    guard let handle else { return }
    self.handle = nil
    context.closeSocket(handle)
  }

  deinit { close() }
}
