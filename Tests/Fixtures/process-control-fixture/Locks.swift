import Glibc
import ProcessTreeProcessControl
import Synchronization

/// A lock of the standard library under contention; it remembers each thread's id.
enum Locks {
  private static let counter = Mutex(0)
  private static let rounds = 2_000

  /// Counts in five threads, the main one among them, and exits 0 if nothing was lost.
  static func contend() -> Never {
    var threads: [pthread_t] = []
    for _ in 0..<4 {
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { _ in
          Locks.count()
          return nil
        }, nil)
      threads.append(thread)
    }
    count()
    for thread in threads { pthread_join(thread, nil) }
    exit(counter.withLock { $0 } == 5 * rounds ? 0 : 1)
  }

  private static func count() {
    for _ in 0..<rounds { counter.withLock { $0 += 1 } }
  }
}

extension Scenarios {
  static func locks(_ node: Node) throws {
    for _ in 0..<3 { report("status", "\(try node.start("lock").join().status)") }
    try node.finish()
  }
}
