/// Who asked for a child to stop, and why.
public struct StopRequest: Hashable, Sendable, Codable {
  /// The name of the node that asked.
  public var requestedBy: String
  /// The reason, in words.
  public var reason: String

  /// Makes a request.
  public init(requestedBy: String, reason: String) {
    self.requestedBy = requestedBy
    self.reason = reason
  }
}
