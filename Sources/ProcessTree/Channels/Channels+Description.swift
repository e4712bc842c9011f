internal import ProcessTreeWire

extension ChannelEnd {
  fileprivate var channelName: String {
    "\(ticket.specification.kind) (\(ticket.channel))"
  }
}

extension Sender: CustomStringConvertible {
  /// The element type and the channel.
  public var description: String { "sender of \(Element.self) to the \(end.channelName)" }
}

extension Receiver: CustomStringConvertible {
  /// The element type and the channel.
  public var description: String { "receiver of \(Element.self) from the \(end.channelName)" }
}

extension PipeEnd: CustomStringConvertible {
  /// The two ends.
  public var description: String { "pipe end: \(sender), \(receiver)" }
}

extension Client: CustomStringConvertible {
  /// The service with the types of request and reply.
  public var description: String {
    "client of the \(end.channelName): \(Request.self) → \(Reply.self)"
  }
}

extension Service: CustomStringConvertible {
  /// The service with the types of request and reply.
  public var description: String { "\(end.channelName): \(Request.self) → \(Reply.self)" }
}

extension Delivery: CustomStringConvertible {
  /// The element and, from the second one on, its attempt.
  public var description: String { "\(element)" + (attempt > 1 ? " (attempt \(attempt))" : "") }
}

extension Batch: CustomStringConvertible {
  /// The elements, as an array shows them.
  public var description: String { "\(elements)" }
}

extension ByteBatch: CustomStringConvertible {
  /// The elements, as an array shows them.
  public var description: String { "\(map(Array.init))" }
}

extension SharedBytes: CustomStringConvertible {
  /// The number of bytes.
  public var description: String { count == 1 ? "1 byte" : "\(count) bytes" }
}

extension QuarantinedItem: CustomStringConvertible {
  /// The item and the deaths of its consumers.
  public var description: String {
    "\(element): " + deaths.map(\.description).joined(separator: "; ")
  }
}

extension ChannelCounts: CustomStringConvertible {
  /// The counts in one line, without those that are zero.
  public var description: String {
    let others = [
      (pending, "pending"), (dropped, "dropped"), (quarantined, "quarantined"),
      (returned, "returned"),
      (redelivered, "redelivered"), (missed, "missed"),
    ]
    return
      (["\(sent) sent", "\(acknowledged) acknowledged"]
      + others.filter { $0.0 != 0 }.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
  }
}
