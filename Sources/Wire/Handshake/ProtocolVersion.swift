/// The version of the wire protocol.
///
/// Peers with the same major number understand each other; a higher minor number only adds.
package struct ProtocolVersion: Hashable, Sendable, CustomStringConvertible {
  package let major: Int
  package let minor: Int

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The version of this build.
  package static let current = Self(major: 5, minor: 1)

  package var description: String { "\(major).\(minor)" }

  /// Whether this version understands a peer of version `other`.
  package func isCompatible(with other: Self) -> Bool { major == other.major }

  /// Why this version does not talk to a node of another one; nil if it does.
  package func refusal(of node: String, speaking other: Self) -> String? {
    guard !isCompatible(with: other) else { return nil }
    return "\(node) speaks version \(other) of the protocol and this node version \(self): "
      + "nodes of one tree need the same major version"
  }
}
