internal import Glibc

/// Measures what envelopes cost: the processor's time of this thread, and the time that passes.
struct WorkClock {
  private var processor = Self.read(CLOCK_THREAD_CPUTIME_ID)
  private(set) var time = Self.read(CLOCK_MONOTONIC)

  /// Nanoseconds that have passed since the last call.
  mutating func lap() -> UInt64 {
    let now = Self.read(CLOCK_MONOTONIC)
    defer { time = now }
    return now - time
  }

  /// Nanoseconds that this thread has computed since the last call, sockets and coding included.
  mutating func processorLap() -> UInt64 {
    let now = Self.read(CLOCK_THREAD_CPUTIME_ID)
    defer { processor = now }
    return now - processor
  }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
