import ProcessTreeCZeroMQ

/// The patterns of ZeroMQ, under ZeroMQ's names.
public enum SocketKind: Hashable, Sendable {
  /// One peer, both directions.
  case pair
  /// Sends round robin, receives fairly; both directions.
  case dealer
  /// Sends by routing id, receives with the sender's.
  case router
  /// Sends round robin.
  case push
  /// Receives fairly.
  case pull
  /// Sends to all subscribers, dropping for those that are slow.
  case pub
  /// Receives what it has subscribed to.
  case sub
  /// Sends a request, then waits for the reply.
  case req
  /// Replies to requests.
  case rep

  /// libzmq's number of the kind.
  var number: Int32 {
    switch self {
    case .pair: ZMQ_PAIR
    case .dealer: ZMQ_DEALER
    case .router: ZMQ_ROUTER
    case .push: ZMQ_PUSH
    case .pull: ZMQ_PULL
    case .pub: ZMQ_PUB
    case .sub: ZMQ_SUB
    case .req: ZMQ_REQ
    case .rep: ZMQ_REP
    }
  }
}
