internal import ProcessTreeCLinux

/// A check of the limit on open files before an operation that cannot fail cleanly.
package enum FreeDescriptors {
  package static func has(_ count: Int) -> Bool {
    cl_has_free_descriptors(Int32(clamping: count))
  }

  /// Throws unless this many descriptors are free.
  ///
  /// - Parameter purpose: The object that needs them, such as `a child`.
  package static func demand(_ count: Int, for purpose: String) throws(LimitError) {
    guard !has(count) else { return }
    throw LimitError(
      "Too many open files: \(purpose) needs \(count) free descriptors, and the limit of "
        + "\(limit) leaves fewer. Raise it (ulimit -n), or keep fewer children and channels at a time."
    )
  }

  package static var limit: Int { Int(clamping: cl_descriptor_limit()) }
}

/// A limit of the system that is too low for an operation, which was not begun.
package struct LimitError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
