import Glibc

/// Numbered places of which each process holds one at most, by a lock that the kernel takes back when
/// the process ends, whatever ended it.
///
/// Belongs to one thread. The lock is of the open file, so that neither a fork nor other descriptors of
/// the file matter.
package final class SlotFile {
  private let descriptor: Int32
  private var held: Int?

  /// Opens the file, made if it is not there, readable by this user alone.
  package init(path: String) throws(ProcessControlError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .system("open \(path)", errno) }
    // The umask can only have taken permissions away; other processes open it too.
    _ = fchmod(descriptor, 0o600)
  }

  deinit { Glibc.close(descriptor) }

  /// Takes one of the first `limit` slots if one is free.
  package func tryAcquire(limit: Int) -> Bool {
    guard held == nil else { return true }
    // Processes begin at different places, so that they do not all try the same.
    let first = Int(getpid()) % limit
    for offset in 0..<limit {
      let slot = (first + offset) % limit
      if lock(slot, F_WRLCK) {
        held = slot
        return true
      }
    }
    return false
  }

  /// Gives the slot back.
  package func release() {
    guard let slot = held else { return }
    held = nil
    _ = lock(slot, F_UNLCK)
  }

  private func lock(_ slot: Int, _ kind: Int32) -> Bool {
    var lock = flock()
    lock.l_type = Int16(kind)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = slot
    lock.l_len = 1
    return fcntl(descriptor, Self.setLock, &lock) == 0
  }

  /// `F_OFD_SETLK`: of the open file, not of the process.
  private static let setLock: Int32 = 37
}
