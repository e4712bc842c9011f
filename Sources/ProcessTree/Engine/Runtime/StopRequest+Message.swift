internal import ProcessTreeBase
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension StopRequest {
  /// The request as a node receives it from its parent; an origin that it cannot read is unknown.
  init(_ message: StopMessage) {
    self.init(
      requestedBy: message.requestedBy, reason: message.reason,
      origin: message.origin.flatMap { try? Origin(packed: $0) })
  }

  /// The request for a child that has this time.
  func message(within time: Duration) -> StopMessage {
    StopMessage(
      requestedBy: requestedBy, reason: reason, milliseconds: time.wholeMilliseconds,
      origin: origin?.packed())
  }
}
