/// A request for a child to stop, with its requester and reason.
///
/// The request travels down the tree as it is: every node that is stopped because of it has the
/// same.
public struct StopRequest: Hashable, Sendable, Codable, CustomStringConvertible {
  /// What the request came from.
  public enum Origin: Hashable, Sendable, Codable {
    /// The node at this address requested the stop.
    case node(address: String)
    /// A signal that a node received: by this process of this user, as the kernel reports, or from
    /// the kernel itself, as for Ctrl-C, if both are `nil`.
    case signal(Int32, pid: Int32?, user: UInt32?)
  }

  /// The name of the node that requests the stop, or of the signal.
  public var requestedBy: String
  /// The reason, as a text for people.
  public var reason: String
  /// The node or the signal that it came from; `nil` if that is not known.
  public var origin: Origin?

  /// Creates a request.
  public init(requestedBy: String, reason: String, origin: Origin? = nil) {
    self.requestedBy = requestedBy
    self.reason = reason
    self.origin = origin
  }

  /// The requester: its name, and for a node other than the root its address.
  public var requester: String {
    if case .node(let address) = origin, address != "/" { return "\(requestedBy) (\(address))" }
    return requestedBy
  }

  /// The requester and the reason.
  public var description: String { "\(requester) asked: \(reason)" }
}
