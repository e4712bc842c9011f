internal import Wire

/// Why nothing more can be sent to, or received from, a peer.
package enum LinkError: Error, Equatable, CustomStringConvertible {
  /// The peer has ended, or its connection has.
  case peerGone
  /// This side has said that it sends nothing more.
  case finished
  /// The item is larger than the protocol carries.
  case tooLarge(Int)
  /// Another task is receiving from this channel already.
  case alreadyReceiving

  package var description: String {
    switch self {
    case .peerGone: "the peer has ended"
    case .finished: "this end has been finished"
    case .tooLarge(let bytes):
      "an item of \(bytes) bytes is too large: at most \(WireLimits.itemSize) bytes travel at once"
    case .alreadyReceiving: "another task is receiving from this channel already"
    }
  }
}
