import Glibc
import ProcessTreeBase

/// Numbered slots, of which each process holds at most one by a lock that the kernel releases when
/// the process ends.
///
/// It belongs to one thread. The lock belongs to the open file, so neither a fork nor other
/// descriptors of the file affect it.
package final class SlotFile {
  private let file: Descriptor
  private var held: Int?

  /// Opens or makes the file, which only this user can read.
  package init(path: String) throws(ProcessControlError) {
    let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard let file = Descriptor(owning: opened) else { throw .last("open \(path)") }
    // The umask may have removed permissions that other processes need.
    _ = fchmod(file.number, 0o600)
    self.file = file
  }

  /// Takes one of the first `limit` slots if one is free.
  package func tryAcquire(limit: Int) -> Bool {
    guard held == nil else { return true }
    // Processes begin at different slots, so that they do not compete for the same one.
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

  /// Gives the slot back; false if there was none.
  @discardableResult
  package func release() -> Bool {
    guard let slot = held else { return false }
    held = nil
    return lock(slot, F_UNLCK)
  }

  private func lock(_ slot: Int, _ kind: Int32) -> Bool {
    var lock = flock()
    lock.l_type = Int16(kind)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = slot
    lock.l_len = 1
    return fcntl(file.number, Self.setLock, &lock) == 0
  }

  /// `F_OFD_SETLK`: the lock belongs to the open file, not to the process.
  private static let setLock: Int32 = 37
}
