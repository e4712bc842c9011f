internal import ProcessTreeLinks

/// What the channels of an edge's data link are for; numbers are part of the protocol.
enum EdgeChannels {
  /// Arguments down and results up that are too large for a control message.
  static let payload: UInt16 = 0
  /// Messages of the two programs.
  static let messages: UInt16 = 1
  /// Output of the child's subtree, up.
  static let output: UInt16 = 2
}
