internal import DequeModule
internal import Glibc
internal import ProcessTreeBase

/// Threads of the library's own, for work that blocks or computes for long.
///
/// The first thread is made with the executor, which can report its failure; further ones are made
/// while that succeeds. Dispatch's pool instead guarantees a thread: if none can be made, it waits
/// on the calling thread, which would be the event loop that has to end processes first.
package final class ThreadExecutor: TaskExecutor {
  private let queue: WorkQueue
  private let maximum: Int

  package init(maximum: Int = 1) throws(LimitError) {
    self.maximum = maximum
    queue = WorkQueue()
    let failure = queue.addThread()
    guard failure == 0 else { throw FreeThreads.error(failure) }
  }

  deinit { queue.finish() }

  /// Enqueues a job of the concurrency runtime; callable from any thread.
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    perform { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
  }

  /// Runs `body` on one of the threads, after earlier work has begun.
  package func perform(_ body: @escaping @Sendable () -> Void) {
    if queue.append(body, maximum: maximum) { _ = queue.addThread() }
  }

  /// Waits until all work is done; false if the time is over before that.
  package func drain(within time: Duration) -> Bool { queue.drain(within: time) }
}

private final class WorkQueue: @unchecked Sendable {
  // Sendable: the variables are reached under the mutex alone.
  // Allocated, because the calls need fixed addresses. The mutex guards the variables.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let hasWork = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  // One of its own: a thread that reports that it is idle must not wake the other idle ones, which
  // would report the same, and so on without end.
  private let isDrained = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var work: Deque<@Sendable () -> Void> = []
  private var threads = 0
  private var idle = 0
  private var isFinished = false

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(hasWork, nil)
    // Nobody sets the clock of its deadlines.
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(isDrained, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(isDrained)
    pthread_cond_destroy(hasWork)
    pthread_mutex_destroy(mutex)
    isDrained.deallocate()
    hasWork.deallocate()
    mutex.deallocate()
  }

  private func withLock<Value>(_ body: () -> Value) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Adds work; true if another thread would begin it sooner.
  func append(_ body: @escaping @Sendable () -> Void, maximum: Int) -> Bool {
    withLock {
      work.append(body)
      pthread_cond_signal(hasWork)
      return work.count > idle && threads < maximum
    }
  }

  /// Makes a thread with all signals blocked; returns an error number on failure.
  func addThread() -> Int32 {
    var all = sigset_t()
    var mask = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &mask)
    defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
    withLock { threads += 1 }
    let retained = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, nil,
      { queue in
        if let queue { Unmanaged<WorkQueue>.fromOpaque(queue).takeRetainedValue().serve() }
        return nil
      }, retained.toOpaque())
    guard failure == 0 else {
      retained.release()
      withLock { threads -= 1 }
      return failure
    }
    pthread_detach(thread)
    return 0
  }

  /// Runs work until the queue is finished; the body of each thread.
  private func serve() {
    pthread_mutex_lock(mutex)
    while true {
      if let body = work.popFirst() {
        pthread_mutex_unlock(mutex)
        body()
        pthread_mutex_lock(mutex)
      } else if isFinished {
        break
      } else {
        idle += 1
        if idle == threads { pthread_cond_broadcast(isDrained) }
        pthread_cond_wait(hasWork, mutex)
        idle -= 1
      }
    }
    threads -= 1
    pthread_mutex_unlock(mutex)
  }

  func finish() {
    withLock {
      isFinished = true
      pthread_cond_broadcast(hasWork)
    }
  }

  func drain(within time: Duration) -> Bool {
    var deadline = timespec()
    clock_gettime(CLOCK_MONOTONIC, &deadline)
    deadline.tv_sec += time.clamped.wholeSeconds
    return withLock {
      while !work.isEmpty || idle < threads {
        guard pthread_cond_timedwait(isDrained, mutex, &deadline) == 0 else {
          return work.isEmpty && idle == threads
        }
      }
      return true
    }
  }
}
