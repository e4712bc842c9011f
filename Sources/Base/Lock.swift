import Glibc

/// A lock over one of POSIX's mutexes.
///
/// Not `Synchronization.Mutex`: that remembers the id of each thread that ever locked one, and the
/// main thread of a process that is cloned without `exec` gets another id. Contended on a busy
/// machine it also hands itself from thread to thread in convoys: of 700 rounds with five threads,
/// 25 took more than a second.
package final class Lock<State>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var state: State

  package init(_ state: State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  package func withLock<Value>(_ body: (inout State) -> Value) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&state)
  }
}
