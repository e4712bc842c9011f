import Glibc
import ProcessTreeBase

/// A time that a process shares with its fork server, which ends the run after it.
///
/// Make it before the fork server. One process writes it.
package final class SharedDeadline {
  private let mapping: Mapping
  /// The nanoseconds since boot; 0 for none.
  let pointer: UnsafePointer<UInt64>

  /// Makes the memory, with no deadline in it.
  package init() throws(ProcessControlError) {
    let size = Int(getpagesize())
    let flags = MAP_SHARED | MAP_ANONYMOUS
    guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED
    else { throw .last("mmap") }
    mapping = Mapping(owning: start, byteCount: size)
    pointer = UnsafePointer(start.bindMemory(to: UInt64.self, capacity: 1))
  }

  /// Sets the deadline, in time since boot.
  package func set(_ time: Duration) {
    // An aligned word is written in one piece.
    UnsafeMutablePointer(mutating: pointer).pointee = UInt64(clamping: time.wholeNanoseconds)
  }
}
