internal import Glibc
internal import ProcessControl

extension ProcessHandle {
  /// Waits for a process that is ending for certain, at most two seconds, and reaps it.
  func reapSoon() -> Reaped? {
    var descriptor = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    _ = poll(&descriptor, 1, 2_000)
    return try? reap()
  }
}
