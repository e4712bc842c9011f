import ProcessTreeCZeroMQ

/// An event of one of a socket's connections.
public struct SocketEvent: Hashable, Sendable {
  /// The kinds of event that a monitor reports.
  public enum Kind: Hashable, Sendable {
    /// A connection was made to a listener; its handshake comes next.
    case connected
    /// A connection attempt goes on in the background.
    case connectDelayed
    /// A connection attempt failed and will be repeated.
    case connectRetried
    /// The socket listens.
    case listening
    /// The socket could not listen.
    case bindFailed
    /// A listener has taken a connection; its handshake comes next.
    case accepted
    /// A listener could not take a connection.
    case acceptFailed
    /// A connection was closed from this side, or a listener was.
    case closed
    /// A connection could not be closed.
    case closeFailed
    /// A connection has ended.
    case disconnected
    /// The peer speaks the same protocol: messages flow from here on.
    case handshakeSucceeded
    /// The connection broke during the handshake; the value is an error number.
    case handshakeFailed
    /// The peer broke the protocol; the value shows how.
    case protocolFailed
    /// The peer was refused; the value is the status.
    case authenticationFailed
    /// No more events will come.
    case stopped
  }

  /// The kind of the event.
  public let kind: Kind

  /// The endpoint of the connection.
  public let endpoint: String

  /// A descriptor, error number, delay in milliseconds or status, according to the kind.
  public let value: Int32

  /// Reads the two parts of an event; nil when they are not an event of a known kind.
  init?(_ head: borrowing Message, endpoint: borrowing Message) {
    guard head.count == 6 else { return nil }
    let (number, value) = head.withUnsafeBytes {
      (
        Int32($0.loadUnaligned(as: UInt16.self)),
        $0.loadUnaligned(fromByteOffset: 2, as: Int32.self)
      )
    }
    guard let kind = Self.kinds[number] else { return nil }
    self.kind = kind
    self.value = value
    self.endpoint = endpoint.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  private static let kinds: [Int32: Kind] = [
    ZMQ_EVENT_CONNECTED: .connected,
    ZMQ_EVENT_CONNECT_DELAYED: .connectDelayed,
    ZMQ_EVENT_CONNECT_RETRIED: .connectRetried,
    ZMQ_EVENT_LISTENING: .listening,
    ZMQ_EVENT_BIND_FAILED: .bindFailed,
    ZMQ_EVENT_ACCEPTED: .accepted,
    ZMQ_EVENT_ACCEPT_FAILED: .acceptFailed,
    ZMQ_EVENT_CLOSED: .closed,
    ZMQ_EVENT_CLOSE_FAILED: .closeFailed,
    ZMQ_EVENT_DISCONNECTED: .disconnected,
    ZMQ_EVENT_HANDSHAKE_SUCCEEDED: .handshakeSucceeded,
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: .handshakeFailed,
    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: .protocolFailed,
    ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: .authenticationFailed,
    ZMQ_EVENT_MONITOR_STOPPED: .stopped,
  ]
}
