import Glibc
import ProcessTreeBase

extension Descriptors {
  /// Opens the null device on those of 0, 1 and 2 that are closed.
  ///
  /// Otherwise the next socket would get such a number, and a `print` would write into it.
  package static func ensureStandardDescriptors() throws(ProcessControlError) {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD, 0) < 0 {
      // This is not close-on-exec, because executed programs need these three too.
      guard let opened = Descriptor(owning: open("/dev/null", O_RDWR)) else {
        throw .last("open /dev/null")
      }
      if opened.number == number {
        _ = opened.release()
      } else {
        guard dup2(opened.number, number) >= 0 else { throw .last("dup2") }
      }
    }
  }

  /// Does the same in a running process; cheap to repeat, because a single call detects the usual
  /// case.
  package static func refillStandardDescriptors() {
    let allOpen = withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 3) { polls in
      for number: Int32 in 0...2 {
        polls.initializeElement(at: Int(number), to: pollfd(fd: number, events: 0, revents: 0))
      }
      guard poll(polls.baseAddress, 3, 0) > 0 else { return true }
      return polls.allSatisfy { $0.revents & Int16(POLLNVAL) == 0 }
    }
    if !allOpen { try? ensureStandardDescriptors() }
  }

  /// Raises the soft limit on open files to the hard one, and returns it.
  @discardableResult
  package static func raiseLimit() throws(ProcessControlError) -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw .last("getrlimit")
    }
    limit.rlim_cur = limit.rlim_max
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw .last("setrlimit")
    }
    return Int(clamping: limit.rlim_cur)
  }
}
