internal import ProcessTreeWire

extension ChannelEnd {
  /// The kind of the channel, and which of its node's channels it is.
  fileprivate var channelName: String {
    "\(ticket.specification.kind) (\(ticket.channel))"
  }
}

extension Sender: CustomStringConvertible {
  /// What is sent, and over which channel.
  public var description: String { "sender of \(Element.self) to the \(end.channelName)" }
}

extension Receiver: CustomStringConvertible {
  /// What is received, and over which channel.
  public var description: String { "receiver of \(Element.self) from the \(end.channelName)" }
}

extension PipeEnd: CustomStringConvertible {
  /// What goes out and what comes in.
  public var description: String { "pipe end: \(sender), \(receiver)" }
}

extension Client: CustomStringConvertible {
  /// What is asked and answered, and by which service.
  public var description: String {
    "client of the \(end.channelName): \(Request.self) → \(Reply.self)"
  }
}

extension Service: CustomStringConvertible {
  /// What is asked and answered, and which service it is.
  public var description: String { "\(end.channelName): \(Request.self) → \(Reply.self)" }
}

extension Delivery: CustomStringConvertible {
  /// The element and, from the second one on, its attempt.
  public var description: String { "\(element)" + (attempt > 1 ? " (attempt \(attempt))" : "") }
}

extension QuarantinedItem: CustomStringConvertible {
  /// The item, and the nodes that died of it.
  public var description: String {
    "\(element): " + deaths.map(\.description).joined(separator: "; ")
  }
}

extension ChannelCounts: CustomStringConvertible {
  /// The counts in a line; those that are zero are left out.
  public var description: String {
    let others = [
      (dropped, "dropped"), (quarantined, "quarantined"), (returned, "returned"),
      (redelivered, "redelivered"), (missed, "missed"),
    ]
    return
      (["\(sent) sent", "\(acknowledged) acknowledged"]
      + others.filter { $0.0 != 0 }.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
  }
}
