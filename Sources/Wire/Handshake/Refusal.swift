/// Why a peer is refused, with a number that a program can read and a text for its log.
package struct Refusal: Error, Equatable, Sendable {
  /// The numbers are part of the protocol and never reused.
  package enum Code: UInt32, Sendable {
    /// The peer sent no hello of this protocol.
    case malformed = 1
    /// The peer did not prove to be the node that it claims to be.
    case unproved = 2
    /// The node is connected already.
    case connectedAlready = 3
    /// The peer speaks another major version.
    case version = 4
    /// The peer runs another build.
    case build = 5
    /// The peer is not alive, or is about to end.
    case notAlive = 6
  }

  package let code: Code
  package let reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  /// The same for every proof that fails: a stranger learns nothing from it.
  package static let unproved = Self(.unproved, "unknown node or wrong proof")

  /// The refusal of a node for its version or build, after its proof; nil if there is nothing
  /// against them.
  static func of(
    _ node: String, speaking version: ProtocolVersion, build: String, by own: String
  ) -> Self? {
    if let reason = ProtocolVersion.current.refusal(of: node, speaking: version) {
      return Self(.version, reason)
    }
    guard build == own || build == Hello.foreignBuild else {
      return Self(.build, "build \(build) is not \(own): start all nodes from one build")
    }
    return nil
  }
}
