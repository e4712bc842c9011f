/// A limit of the system that is too low for an operation, which was not begun.
package struct LimitError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
