/// A request for a child to stop, with its requester and reason.
public struct StopRequest: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The name of the node that requests the stop.
  public var requestedBy: String
  /// The reason, as a text for people.
  public var reason: String

  /// Creates a request.
  public init(requestedBy: String, reason: String) {
    self.requestedBy = requestedBy
    self.reason = reason
  }

  /// The requester and the reason.
  public var description: String { "\(requestedBy) asked: \(reason)" }
}
