import Glibc
package import ProcessTreeBase
import ProcessTreeCProcessShims

/// What wakes this process when it waits for a peer: a descriptor that is readable once the peer
/// has put a byte into it.
///
/// A pipe, and not an eventfd, because peers can open it by `/proc/PID/fd`; nobody waits at either
/// end.
package struct RingBell: ~Copyable {
  /// Both ends of the pipe.
  package let descriptor: Descriptor
  /// The number of the file behind it, for peers.
  package let inode: UInt64

  /// Makes a bell; takes one descriptor.
  package init() throws(SharedMemoryError) {
    var (made, inode): (Int32, UInt64) = (-1, 0)
    let error = pt_bell_make(&made, &inode)
    guard error == 0, let descriptor = Descriptor(owning: made) else {
      throw .systemCall("pipe2", errno: error)
    }
    self.descriptor = descriptor
    self.inode = inode
  }

  /// The descriptor, for another owner.
  package consuming func takeDescriptor() -> Descriptor { descriptor }

  /// Opens the bell of a peer, whose claims may be false; takes one descriptor.
  package static func open(
    _ descriptor: Int32, inode: UInt64, of peer: ProcessHandle
  ) throws(SharedMemoryError) -> Descriptor {
    let opened = pt_bell_open(peer.pid, descriptor, inode)
    let bell = Descriptor(owning: opened)
    // The order matters: a peer that is still alive has had its pid all the time.
    guard !peer.hasEnded else { throw .peerEnded }
    guard let bell else { throw .systemCall("open a bell in /proc/PID/fd", errno: -opened) }
    return bell
  }
}
