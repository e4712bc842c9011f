import ProcessTreeCProcessShims

/// A region of a peer, mapped for reading.
///
/// It stays readable after the peer has ended. The peer may write at any time, even after a check
/// of the contents, so copy the contents first if the peer is not trusted.
package final class PeerRegion: @unchecked Sendable {
  // Sendable: a range of addresses that is valid until the end and never changes.

  let start: UnsafeRawPointer
  private let byteCount: Int

  /// The memory; valid as long as this object.
  package var memory: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: byteCount)
  }

  /// Opens and maps a region; keeps no descriptor.
  ///
  /// An identity may be false: its file is neither opened nor mapped before it has proved to be
  /// sealed memory of the peer.
  ///
  /// - Parameters:
  ///   - identity: The identity that the peer has sent.
  ///   - peer: The peer; only its own regions are accepted.
  ///   - limit: The largest acceptable size in bytes.
  package init(
    _ identity: SharedRegionIdentity, of peer: ProcessHandle,
    limit: Int = SharedRegion.largestSize
  ) throws(SharedMemoryError) {
    guard identity.pid == peer.pid else { throw .notThePeer(pid: identity.pid) }
    guard identity.byteCount > 0, identity.byteCount <= limit else {
      throw .invalidSize(identity.byteCount)
    }
    let descriptor = try Self.open(identity, of: peer)
    defer { Descriptors.close(descriptor) }
    var size: UInt64 = 0
    let refusal = pt_region_fixed_size(descriptor, &size)
    guard refusal == 0 else { throw .notSealed }
    guard size == UInt64(identity.byteCount) else { throw .wrongSize(Int(clamping: size)) }
    var mapped: UnsafeRawPointer?
    let error = pt_region_map(descriptor, size, &mapped)
    guard error == 0, let mapped else { throw .systemCall("mmap", errno: error) }
    start = mapped
    byteCount = identity.byteCount
  }

  deinit { pt_region_unmap(start, UInt64(byteCount)) }

  /// Opens the file behind a peer's descriptor if it is the region.
  private static func open(
    _ identity: SharedRegionIdentity, of peer: ProcessHandle
  ) throws(SharedMemoryError) -> Int32 {
    var file = pt_region_file()
    let found = pt_region_find(identity.pid, identity.descriptor, &file)
    defer { Descriptors.close(found) }
    // The order matters: a peer that is still alive has had its pid all the time.
    guard !peer.hasEnded else { throw .peerEnded }
    guard found >= 0 else { throw .systemCall("open /proc/PID/fd", errno: -found) }
    guard file.is_memory != 0, file.inode == identity.inode else { throw .notTheRegion }
    let opened = pt_region_open(found)
    guard opened >= 0 else { throw .systemCall("open /proc/self/fd", errno: -opened) }
    return opened
  }
}
