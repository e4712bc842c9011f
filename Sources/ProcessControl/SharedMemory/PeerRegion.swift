import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// A region of a peer, mapped for reading.
///
/// It stays readable after the peer has ended. The peer may write at any time, even after a check
/// of the contents, so copy the contents first if the peer is not trusted.
package final class PeerRegion: Sendable {
  private let mapping: Mapping

  var start: UnsafeRawPointer { UnsafeRawPointer(mapping.start) }

  /// The memory; valid as long as this object.
  package var memory: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: mapping.byteCount)
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
    let file = try Self.open(identity, of: peer)
    var size: UInt64 = 0
    let refusal = pt_region_fixed_size(file.number, &size)
    guard refusal == 0 else { throw .notSealed }
    guard size == UInt64(identity.byteCount) else { throw .wrongSize(Int(clamping: size)) }
    let mapped = mmap(nil, identity.byteCount, PROT_READ, MAP_SHARED, file.number, 0)
    guard let mapped, mapped != MAP_FAILED else { throw .systemCall("mmap", errno: errno) }
    mapping = Mapping(owning: mapped, byteCount: identity.byteCount)
  }

  /// Opens the file behind a peer's descriptor if it is the region.
  private static func open(
    _ identity: SharedRegionIdentity, of peer: ProcessHandle
  ) throws(SharedMemoryError) -> Descriptor {
    var file = pt_region_file()
    let number = pt_region_find(identity.pid, identity.descriptor, &file)
    let found = Descriptor(owning: number)
    // The order matters: a peer that is still alive has had its pid all the time.
    guard !peer.hasEnded else { throw .peerEnded }
    guard let found else { throw .systemCall("open /proc/PID/fd", errno: -number) }
    guard file.is_memory != 0, file.inode == identity.inode else { throw .notTheRegion }
    let opened = pt_region_open(found.number)
    guard let region = Descriptor(owning: opened) else {
      throw .systemCall("open /proc/self/fd", errno: -opened)
    }
    return region
  }
}
