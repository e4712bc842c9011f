internal import Glibc

/// Pages of memory that this value owns, and unmaps at its end.
///
/// Sendable: the range of addresses never changes; the owner decides who may use its
/// contents, and when.
package struct Mapping: ~Copyable, @unchecked Sendable {
  /// The first byte, lent; valid as long as this value.
  package let start: UnsafeMutableRawPointer
  package let byteCount: Int

  /// Takes over pages that have no other owner.
  package init(owning start: UnsafeMutableRawPointer, byteCount: Int) {
    self.start = start
    self.byteCount = byteCount
  }

  deinit { munmap(start, byteCount) }
}
