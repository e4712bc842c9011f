internal import ProcessTreeLinks
internal import ProcessTreeWire

/// A link that passes a gate.
struct GateStream {
  enum End {
    /// A connection to the gate.
    case accepted(FrameRelay.Connection)
    /// One that the gate has made.
    case dialled(FrameRelay)
  }

  let end: End
  /// The process at this end: a node, or another gate.
  let pid: Int32
  let target: GateTarget

  var isAccepted: Bool {
    if case .accepted = end { true } else { false }
  }
}
