import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// Memory that this process writes and its peers may read.
///
/// Peers find it by its identity. Its size never changes. No other process can write it, on kernels
/// that have the seal for that (5.1 and later). It vanishes with the last process that has it open
/// or mapped, so it needs no removal. The system provides memory only where it is written. The
/// caller coordinates the threads that write.
package final class SharedRegion: Sendable {
  /// The largest region that can be made, in bytes: 1 GiB.
  package static let largestSize = 1 << 30

  /// The identity by which peers find the region.
  package let identity: SharedRegionIdentity
  private let descriptor: Lock<Descriptor?>
  private let mapping: Mapping

  var start: UnsafeMutableRawPointer { mapping.start }

  /// The memory, initially zero; valid as long as this object.
  package var memory: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: start, count: identity.byteCount)
  }

  /// Makes a region of `byteCount` bytes, `1...largestSize`; takes one descriptor.
  ///
  /// - Throws: `invalidSize` or `systemCall`.
  package init(byteCount: Int) throws(SharedMemoryError) {
    guard (1...Self.largestSize).contains(byteCount) else { throw .invalidSize(byteCount) }
    var made: Int32 = -1
    var inode: UInt64 = 0
    var mapped: UnsafeMutableRawPointer?
    let error = pt_region_make(UInt64(byteCount), &made, &inode, &mapped)
    guard error == 0, let mapped, let descriptor = Descriptor(owning: made) else {
      throw .systemCall("memfd_create", errno: error)
    }
    self.descriptor = Lock(consume descriptor)
    mapping = Mapping(owning: mapped, byteCount: byteCount)
    identity = SharedRegionIdentity(
      pid: getpid(), descriptor: made, inode: inode, byteCount: byteCount)
  }

  /// Gives the descriptor back: no further peer finds the region.
  package func closeDescriptor() { descriptor.withLock { $0 = nil } }
}

/// The identity of a region, which its maker sends to its peers.
///
/// It is a claim that a peer checks before use.
package struct SharedRegionIdentity: Hashable, Sendable, Codable {
  package var pid: Int32
  /// The number of the descriptor in the maker.
  package var descriptor: Int32
  /// The number of the file behind it.
  package var inode: UInt64
  package var byteCount: Int

  package init(pid: Int32, descriptor: Int32, inode: UInt64, byteCount: Int) {
    self.pid = pid
    self.descriptor = descriptor
    self.inode = inode
    self.byteCount = byteCount
  }
}

/// The reason why memory cannot be shared with a peer; its user continues without.
package enum SharedMemoryError: Error, Hashable, Sendable, CustomStringConvertible {
  case systemCall(String, errno: Int32)
  /// The size, in bytes, is not positive or is above the limit.
  case invalidSize(Int)
  case notThePeer(pid: Int32)
  /// The peer has ended, and its descriptors with it.
  case peerEnded
  /// The descriptor leads to something other than the region.
  case notTheRegion
  /// The region's size could still change, which could kill a reader.
  case notSealed
  /// The region's size differs from the peer's message.
  case wrongSize(Int)

  package var description: String {
    switch self {
    case .systemCall(let call, let errno):
      ProcessControlError.system(call, errno, "work goes on without shared memory").description
    case .invalidSize(let size): "a region of \(size) bytes can neither be made nor mapped"
    case .notThePeer(let pid): "the process \(pid) is not the peer"
    case .peerEnded: "the peer has ended"
    case .notTheRegion: "the descriptor does not lead to the region"
    case .notSealed: "the region's size may still change"
    case .wrongSize(let size): "the region has \(size) bytes, unlike its identity"
    }
  }
}
