package import Glibc

/// A lock over one of POSIX's mutexes.
///
/// Not `Synchronization.Mutex`: each module remembers the id of a thread that has locked one, and
/// the main thread of a process that is cloned without `exec` gets another id. If two threads of
/// such a process want a `Mutex`, the kernel looks for the owner under the old id, and the process
/// dies. Contended on a busy machine it also hands itself from thread to thread in convoys: of 700
/// rounds with five threads, 25 took more than a second.
package final class Lock<State: ~Copyable>: @unchecked Sendable {
  // Sendable: the state is reached under the mutex alone.
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
  @usableFromInline var state: State

  /// Protects a state.
  package init(_ state: consuming State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Looks at the state or changes it, under the lock.
  @inlinable
  package func withLock<Value, Failure>(
    _ body: (inout State) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }
}
