internal import DequeModule
internal import Glibc

/// Threads of our own, for what blocks or computes for long.
///
/// The first is made with the executor, where its failure can be told; others are made while they can be.
/// Dispatch's pool promises a thread instead: when none can be had it waits for one on the thread that
/// hands the work over, which for us is the event loop that would have to end processes first.
package final class ThreadExecutor: TaskExecutor {
  private let queue: WorkQueue
  private let maximum: Int

  /// Makes the first thread.
  package init(maximum: Int = 1) throws(LimitError) {
    self.maximum = maximum
    queue = WorkQueue()
    let failure = queue.addThread()
    guard failure == 0 else { throw FreeThreads.error(failure) }
  }

  /// The threads end when their work is done.
  deinit { queue.finish() }

  /// Takes a job of the concurrency runtime; from any thread.
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    perform { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
  }

  /// Runs `body` on one of the threads, after what was handed over before has begun.
  package func perform(_ body: @escaping @Sendable () -> Void) {
    if queue.append(body, maximum: maximum) { _ = queue.addThread() }
  }

  /// Waits until nothing is left to do, at most `time`; false when something was.
  package func drain(within time: Duration) -> Bool { queue.drain(within: time) }
}

/// Work that threads wait for.
private final class WorkQueue: @unchecked Sendable {
  // At fixed places, as the calls want them; what follows changes under the mutex only.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let hasChanged = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var work: Deque<@Sendable () -> Void> = []
  private var threads = 0
  private var idle = 0
  private var isFinished = false

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(hasChanged, nil)
  }

  deinit {
    pthread_cond_destroy(hasChanged)
    pthread_mutex_destroy(mutex)
    hasChanged.deallocate()
    mutex.deallocate()
  }

  private func withLock<Value>(_ body: () -> Value) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Adds work; true when another thread would begin it sooner.
  func append(_ body: @escaping @Sendable () -> Void, maximum: Int) -> Bool {
    withLock {
      work.append(body)
      pthread_cond_broadcast(hasChanged)
      return work.count > idle && threads < maximum
    }
  }

  /// Makes a thread, which hears no signals; an error number when it cannot be made.
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

  /// The life of a thread.
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
        pthread_cond_broadcast(hasChanged)
        pthread_cond_wait(hasChanged, mutex)
        idle -= 1
      }
    }
    threads -= 1
    pthread_mutex_unlock(mutex)
  }

  func finish() {
    withLock {
      isFinished = true
      pthread_cond_broadcast(hasChanged)
    }
  }

  func drain(within time: Duration) -> Bool {
    var deadline = timespec()
    clock_gettime(CLOCK_REALTIME, &deadline)
    deadline.tv_sec += Int(time.components.seconds)
    return withLock {
      while !work.isEmpty || idle < threads {
        guard pthread_cond_timedwait(hasChanged, mutex, &deadline) == 0 else {
          return work.isEmpty && idle == threads
        }
      }
      return true
    }
  }
}
