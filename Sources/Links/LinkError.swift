internal import ProcessTreeWire

/// Why nothing more can be sent to, or received from, a peer.
package enum LinkError: Error, Equatable, CustomStringConvertible {
  /// The peer has ended, or its connection has.
  case peerGone
  /// This side has finished its sending.
  case finished
  /// The item is larger than the protocol carries.
  case tooLarge(Int)
  /// Another task is receiving from this channel already.
  case alreadyReceiving
  /// The channel's queue is full, and its policy makes that an error.
  case full
  /// The item killed these consumers and was put aside.
  case quarantined([String])
  /// The channel has come to its end, or the node that made it has.
  case channelEnded(String)
  /// This node could not join the channel: what it lacks.
  case notJoined(String)

  package var description: String {
    switch self {
    case .peerGone: "the peer has ended"
    case .finished: "this end has been finished"
    case .tooLarge(let bytes):
      "an item of \(bytes) bytes is too large: at most \(WireLimits.itemSize) bytes travel at once"
    case .full: "the channel's queue is full"
    case .quarantined(let killers):
      "the item was put aside because it killed its consumers: "
        + killers.joined(separator: ", ")
    case .channelEnded(let reason), .notJoined(let reason): reason
    case .alreadyReceiving: "another task is receiving from this channel already"
    }
  }
}
