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
  package static let current = Self(major: 1, minor: 0)

  package var description: String { "\(major).\(minor)" }

  /// Whether this version understands a peer of version `other`.
  package func isCompatible(with other: Self) -> Bool { major == other.major }
}
