/// A limit of the system leaves too little for what was to be done; nothing was begun.
package struct LimitError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
