import Glibc
import ProcessTreeCProcessShims

/// Memory that this process writes and its peers may read.
///
/// Peers find it by its identity. Its size never changes. No other process can write it, on kernels
/// that have the seal for that (5.1 and later). It vanishes with the last process that has it open
/// or mapped, so it needs no removal. The system provides memory only where it is written. The
/// caller coordinates the threads that write.
package final class SharedRegion: @unchecked Sendable {
  // Sendable: a range of addresses that is valid until the end and never changes.

  /// The largest region that can be made, in bytes: 1 GiB.
  package static let largestSize = 1 << 30

  /// The identity by which peers find the region.
  package let identity: SharedRegionIdentity
  let start: UnsafeMutableRawPointer

  /// The memory, initially zero; valid as long as this object.
  package var memory: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: start, count: identity.byteCount)
  }

  /// Makes a region of `byteCount` bytes, `1...largestSize`; takes one descriptor.
  ///
  /// - Throws: `invalidSize` or `systemCall`.
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
