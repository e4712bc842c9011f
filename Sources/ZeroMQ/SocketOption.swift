import ProcessTreeBase
import ProcessTreeCZeroMQ

/// A setting of a socket, to be made before it binds or connects.
public enum SocketOption: Hashable, Sendable {
  /// The time that unsent messages outlive the socket; nil is unlimited, and can hang the context.
  case linger(Duration?)
  /// The number of messages that wait for each peer before sending would block; 0 is unlimited.
  case sendHighWaterMark(Int)
  /// The number of received messages that wait for each peer; 0 is unlimited.
  case receiveHighWaterMark(Int)
  /// The largest frame in bytes that a peer may send without being disconnected; -1 is unlimited.
  case maximumMessageSize(Int)
  /// The time that a connection has for its handshake.
  case handshakeInterval(Duration)
  /// Whether a router reports messages for unknown peers instead of dropping them.
  case routerMandatory(Bool)
  /// Whether each new connection sends an empty message first, so that a router knows of it.
  case probeRouter(Bool)
  /// Whether messages are queued for completed connections only.
  case immediate(Bool)
  /// A listening descriptor for the next bind, which takes it over and closes it.
  case useFileDescriptor(Int32)
  /// How long to wait before a connection is tried again, doubling up to the maximum.
  case reconnectInterval(Duration, maximum: Duration)
  /// The routing id of the socket at a router: 1 to 255 bytes, the first not zero.
  case routingID([UInt8])
  /// A user that may connect over ipc; given several times, one more user each.
  case ipcFilterUserID(UInt32)
  /// How many connections may wait to be accepted.
  case backlog(Int)
  /// A prefix of messages that a subscriber wants.
  case subscribe([UInt8])
}

extension SocketOption {
  func apply(to handle: UnsafeMutableRawPointer) throws(ZeroMQError) {
    switch self {
    case .linger(let time):
      try set(ZMQ_LINGER, time.map(\.wholeMilliseconds) ?? -1, on: handle)
    case .sendHighWaterMark(let count): try set(ZMQ_SNDHWM, count, on: handle)
    case .receiveHighWaterMark(let count): try set(ZMQ_RCVHWM, count, on: handle)
    case .maximumMessageSize(let size): try set(ZMQ_MAXMSGSIZE, value: Int64(size), on: handle)
    case .handshakeInterval(let time):
      try set(ZMQ_HANDSHAKE_IVL, time.wholeMilliseconds, on: handle)
    case .routerMandatory(let flag): try set(ZMQ_ROUTER_MANDATORY, flag ? 1 : 0, on: handle)
    case .probeRouter(let flag): try set(ZMQ_PROBE_ROUTER, flag ? 1 : 0, on: handle)
    case .immediate(let flag): try set(ZMQ_IMMEDIATE, flag ? 1 : 0, on: handle)
    case .useFileDescriptor(let descriptor): try set(ZMQ_USE_FD, Int(descriptor), on: handle)
    case .reconnectInterval(let first, let maximum):
      try set(ZMQ_RECONNECT_IVL, first.wholeMilliseconds, on: handle)
      try set(ZMQ_RECONNECT_IVL_MAX, maximum.wholeMilliseconds, on: handle)
    case .routingID(let name): try set(ZMQ_ROUTING_ID, bytes: name, on: handle)
    case .ipcFilterUserID(let user): try set(ZMQ_IPC_FILTER_UID, value: user, on: handle)
    case .backlog(let count): try set(ZMQ_BACKLOG, count, on: handle)
    case .subscribe(let prefix): try set(ZMQ_SUBSCRIBE, bytes: prefix, on: handle)
    }
  }

  private var call: String { "zmq_setsockopt(\(self))" }

  private func set(
    _ option: Int32, _ value: Int, on handle: UnsafeMutableRawPointer
  ) throws(ZeroMQError) {
    guard let value = Int32(exactly: value) else { throw ZeroMQError(errno: EINVAL, call: call) }
    try set(option, value: value, on: handle)
  }

  private func set<Value: BitwiseCopyable>(
    _ option: Int32, value: Value, on handle: UnsafeMutableRawPointer
  ) throws(ZeroMQError) {
    let status = withUnsafeBytes(of: value) {
      cz_setsockopt(handle, option, $0.baseAddress, $0.count)
    }
    guard status == 0 else { throw ZeroMQError.last(call) }
  }

  private func set(
    _ option: Int32, bytes: [UInt8], on handle: UnsafeMutableRawPointer
  ) throws(ZeroMQError) {
    let status = bytes.withUnsafeBytes { cz_setsockopt(handle, option, $0.baseAddress, $0.count) }
    guard status == 0 else { throw ZeroMQError.last(call) }
  }
}
