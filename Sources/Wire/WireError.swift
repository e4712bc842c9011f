/// The error for bytes from a peer that violate the protocol.
package struct WireError: Error, Equatable, CustomStringConvertible {
  /// The violation, and the expected form.
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
