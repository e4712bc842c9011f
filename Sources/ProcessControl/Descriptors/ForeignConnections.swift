import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// The connections of another process, which this process may break.
package enum ForeignConnections {
  /// Shuts one of a process's connected unix sockets down, in both directions.
  ///
  /// Both ends then read the end of the stream, as after a network's failure. The kernel allows it
  /// for processes that the caller may trace: those of the same user, and with Yama's default only
  /// descendants.
  ///
  /// - Parameters:
  ///   - process: The process, through its pidfd.
  ///   - choice: Any number; of the connections in the order of their descriptors it chooses one.
  ///   - isWanted: Whether a connection counts, by the path at which it was accepted or to which it
  ///     leads.
  /// - Returns: The path of the connection; `nil` if the process has none, or has ended.
  /// - Throws: `systemCall` with `EPERM` or `ENOSYS` if the kernel or a sandbox refuses.
  package static func cut(
    of process: ProcessHandle, choice: UInt64, where isWanted: (String) -> Bool
  ) throws(ProcessControlError) -> String? {
    var numbers: [Int32] = []
    for number in Files.numbers(in: "/proc/\(process.pid)/fd").sorted() {
      guard let taken = try take(number, of: process), let path = path(of: taken) else { continue }
      if isWanted(path) { numbers.append(number) }
    }
    guard !numbers.isEmpty else { return nil }
    let chosen = numbers[Int(choice % UInt64(numbers.count))]
    // The number may belong to something else by now.
    guard let taken = try take(chosen, of: process), let path = path(of: taken), isWanted(path),
      shutdown(taken.number, Int32(SHUT_RDWR)) == 0
    else { return nil }
    return path
  }

  /// Duplicates a descriptor; `nil` if the process or the descriptor has gone.
  private static func take(
    _ number: Int32, of process: ProcessHandle
  ) throws(ProcessControlError) -> Descriptor? {
    let taken = pt_descriptor_take(process.pidfd, number)
    switch -taken {
    case ..<1: return Descriptor(owning: taken)
    case EBADF, ESRCH: return nil
    // The kernel also reports it for a process that is ending.
    case EPERM where process.hasEnded: return nil
    default: throw .system("pidfd_getfd", -taken)
    }
  }

  private static func path(of descriptor: borrowing Descriptor) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PT_SOCKET_PATH)) {
      guard let start = $0.baseAddress, pt_connection_path(descriptor.number, start) == 0 else {
        return nil
      }
      return String(cString: start)
    }
  }
}
