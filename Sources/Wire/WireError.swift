/// Bytes from a peer that are not what the protocol allows.
package struct WireError: Error, Equatable, CustomStringConvertible {
  /// What was wrong, and what had been expected.
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
