internal import Glibc

/// A file descriptor that this value owns, and closes at its end.
///
/// There is one owner, so a descriptor is neither closed twice nor forgotten. A plain number is
/// lent: its borrower does not close it, and uses it only while the owner exists.
@frozen @usableFromInline
package struct Descriptor: ~Copyable, Sendable {
  /// The number, lent; valid as long as this value.
  package let number: Int32

  /// Takes over a descriptor that has no other owner; `nil` for the negative number of a failed
  /// call.
  package init?(owning number: Int32) {
    guard number >= 0 else { return nil }
    self.number = number
  }

  /// Gives the descriptor up to code that closes it, or keeps it until the process ends.
  package consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }

  deinit {
    // Not again after EINTR: on Linux the number is free then, and may be another thread's.
    _ = close(number)
  }
}
