internal import Glibc
internal import ProcessTreeBase

/// A check that threads can be made, before calling a library that aborts if it cannot make them.
enum FreeThreads {
  /// How long the trial's threads may take to leave the kernel's count.
  private static let patience: Duration = .milliseconds(10)

  /// Throws unless this many threads can be made at once.
  ///
  /// It makes and ends them: limits and counts are not enough, because the control group, other
  /// processes of the user and memory matter too.
  static func demand(_ count: Int) throws(LimitError) {
    var gate = pthread_mutex_t()
    pthread_mutex_init(&gate, nil)
    defer { pthread_mutex_destroy(&gate) }
    let before = Threads.count()
    var threads: [pthread_t] = []
    var failure: Int32 = 0
    // Only permanent threads may handle signals.
    var all = sigset_t()
    var mask = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &mask)
    withUnsafeMutablePointer(to: &gate) { gate in
      pthread_mutex_lock(gate)
      while threads.count < count, failure == 0 {
        var thread = pthread_t()
        failure = pthread_create(&thread, nil, { waitFor($0) }, gate)
        if failure == 0 { threads.append(thread) }
      }
      pthread_mutex_unlock(gate)
      for thread in threads { pthread_join(thread, nil) }
    }
    pthread_sigmask(SIG_SETMASK, &mask, nil)
    // A joined thread is counted until the kernel has released it, of which there is no event.
    Unannounced.wait(within: patience) { Threads.count() <= before }
    guard failure == 0 else { throw error(failure) }
  }

  static func error(_ number: Int32) -> LimitError {
    LimitError(
      "No thread can be made (\(String(cString: strerror(number)))): raise the limit on "
        + "processes (ulimit -u, pids.max, TasksMax), or keep fewer children at a time.")
  }
}

/// Waits until the trial has made all its threads.
private func waitFor(_ gate: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self) else { return nil }
  pthread_mutex_lock(gate)
  pthread_mutex_unlock(gate)
  return nil
}
