internal import ProcessTreeLinks

extension ProcessTreeError {
  /// The error of a link, in the words of those who exchange messages and elements.
  init(_ error: LinkError) {
    switch error {
    case .peerGone:
      self.init(
        .unreachable, "The receiving end has ended, and no other can come: nothing more is sent.")
    case .finished: self.init(.unreachable, "This end has been finished: nothing more is sent.")
    case .tooLarge: self.init(.messageNotEncodable, "The item was not sent: \(error).")
    case .alreadyReceiving:
      self.init(.alreadyIterating, "Another task is receiving here: one may at a time.")
    case .full: self.init(.queueFull, "The channel's queue is full.")
    case .quarantined: self.init(.itemQuarantined, "\(error)")
    case .channelEnded(let reason): self.init(.channelEnded, reason)
    case .notJoined(let reason): self.init(.systemCallFailed, reason)
    }
  }

  /// Runs a body that a link may refuse; a cancelled task gets `CancellationError`, however its
  /// wait ended.
  static func translatingLinkErrors<Value>(
    _ body: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await body()
    } catch let error as LinkError {
      try Task.checkCancellation()
      throw Self(error)
    }
  }
}
