/// The proof that the node to which a child connects has started it.
///
/// Both parts come from the kernel's random generator and reach the child through an inherited
/// descriptor, never through arguments or the environment.
package struct Credentials: Hashable, Sendable {
  /// The size of each part in bytes.
  package static let length = 16

  /// The part that all nodes of a run share.
  package let runSecret: [UInt8]
  /// The part of this child alone; a second use is refused.
  package let token: [UInt8]

  package init(runSecret: [UInt8], token: [UInt8]) {
    self.runSecret = runSecret
    self.token = token
  }

  /// Compares in a time that does not depend on the number of equal bytes.
  package func matches(_ other: Self) -> Bool {
    Self.equal(runSecret, other.runSecret) && Self.equal(token, other.token)
  }

  private static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
