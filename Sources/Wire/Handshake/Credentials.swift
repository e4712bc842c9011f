/// What a node proves that it was started by the node that it connects to.
///
/// Both parts come from the kernel's random generator and reach the child through an inherited
/// descriptor, never through arguments or the environment.
package struct Credentials: Hashable, Sendable, Codable {
  /// The bytes of each part.
  package static let length = 16

  /// The same for every node of a run.
  package let runSecret: [UInt8]
  /// This child's alone; a second claim of it is refused.
  package let token: [UInt8]

  package init(runSecret: [UInt8], token: [UInt8]) {
    self.runSecret = runSecret
    self.token = token
  }

  /// Compares without telling by its duration how much was right.
  package func matches(_ other: Self) -> Bool {
    Self.equal(runSecret, other.runSecret) && Self.equal(token, other.token)
  }

  private static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
