internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeTopologyFormat

/// Ends a worker whose record takes too long, whatever it does: code that computes suspends
/// nowhere.
///
/// It is the process's alarm, so it is for workers that have a process of their own.
enum RecordAlarm {
  /// What the handler writes; it lives as long as the process.
  nonisolated(unsafe) private static var message: UnsafeMutableBufferPointer<UInt8>?

  /// The exit code of such a worker.
  private static var exitCode: Int32 { 124 }

  /// Begins the time of a record.
  static func set(_ limit: Duration, stage: String) {
    if message == nil {
      let text = "\(stage): a record took longer than its timeLimit of \(Quantity.text(limit))\n"
      let bytes = Array(text.utf8)
      let made = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
      _ = made.update(fromContentsOf: bytes)
      message = made
      signal(SIGALRM) { _ in
        if let message = RecordAlarm.message {
          write(STDERR_FILENO, message.baseAddress, message.count)
        }
        _exit(RecordAlarm.exitCode)
      }
    }
    arm(limit)
  }

  /// Ends the time of a record.
  static func clear() { arm(.zero) }

  private static func arm(_ time: Duration) {
    let (seconds, rest) = time.wholeMicroseconds.quotientAndRemainder(dividingBy: 1_000_000)
    var value = itimerval()
    value.it_value.tv_sec = seconds
    value.it_value.tv_usec = rest
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &value, nil)
  }
}
