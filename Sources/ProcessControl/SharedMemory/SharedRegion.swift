import Glibc
import ProcessTreeCProcessShims

/// Memory that this process writes and that its peers may read.
///
/// Peers find it by its identity. Its size never changes, no other process can write it (as far as
/// the kernel knows the seal for that: 5.1 and later), and it goes with the last process that has
/// it open or mapped: nothing has to be removed. Memory is taken from the system only where
/// something is written. Which thread writes what is up to the caller.
package final class SharedRegion: @unchecked Sendable {
  // Sendable: a range of addresses that is valid until the end and never changes.

  /// The largest region that can be made, in bytes: 1 GiB.
  package static let largestSize = 1 << 30

  /// Where peers find the region.
  package let identity: SharedRegionIdentity
  let start: UnsafeMutableRawPointer

  /// The memory, all zero at first; valid as long as this object.
  package var memory: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: start, count: identity.byteCount)
  }

  /// Makes a region of `byteCount` bytes, `1...largestSize`.
  ///
  /// Takes one descriptor. Throws `invalidSize` or `systemCall`.
  package init(byteCount: Int) throws(SharedMemoryError) {
    guard (1...Self.largestSize).contains(byteCount) else { throw .invalidSize(byteCount) }
    var descriptor: Int32 = -1
    var inode: UInt64 = 0
    var mapped: UnsafeMutableRawPointer?
    let error = pt_region_make(UInt64(byteCount), &descriptor, &inode, &mapped)
    guard error == 0, let mapped else { throw .systemCall("memfd_create", errno: error) }
    start = mapped
    identity = SharedRegionIdentity(
      pid: getpid(), descriptor: descriptor, inode: inode, byteCount: byteCount)
  }

  deinit {
    pt_region_unmap(start, UInt64(identity.byteCount))
    Descriptors.close(identity.descriptor)
  }
}
