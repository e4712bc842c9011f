internal import Glibc

/// One of POSIX's semaphores, for a thread that waits until another has done something.
///
/// Not Dispatch's: it would map a library of its own into every node, and each start copies the
/// mappings.
package final class Semaphore: @unchecked Sendable {
  // Sendable: any thread may use a semaphore.
  private let semaphore: UnsafeMutablePointer<sem_t>

  /// Makes a semaphore that nobody has signalled.
  package init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  /// Lets one thread go on that waits, or the next that does.
  package func signal() { sem_post(semaphore) }

  /// Blocks the thread until somebody has signalled; a signal handler in between does not end it.
  package func wait() {
    while sem_wait(semaphore) != 0, errno == EINTR {}
  }
}
