internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

extension ProcessHandle {
  /// Waits for a process that is ending for certain, at most two seconds, and reaps it.
  func reapSoon() -> Reaped? {
    waitForEnd(milliseconds: 2_000)
    return try? reap()
  }
}

extension EventLoop {
  /// Calls `reap` when a process has ended, and again from time to time until it returns true.
  ///
  /// A child that another process traces cannot be reaped before its tracer has let it go. Its
  /// descriptor is readable all that time, so it is not watched any more.
  func whenEnded(_ process: ProcessHandle, reap: @escaping () -> Bool) throws(LoopError) {
    try poller.addOnce(process.pidfd, for: .read) { [unowned self] in
      tryAgain(after: .milliseconds(10), until: reap)
    }
  }

  private func tryAgain(after pause: Duration, until isDone: @escaping () -> Bool) {
    guard !isDone() else { return }
    _ = timers.schedule(after: pause) { [unowned self] in
      tryAgain(after: min(pause * 2, .milliseconds(500)), until: isDone)
    }
  }
}
