internal import Glibc
internal import ProcessTree

/// Measures the cost of envelopes: the processor's time of this thread, and the time that passes.
struct WorkClock {
  private let node: Node
  private var processor: UInt64 = 0
  private(set) var time: UInt64 = 0

  init(_ node: Node) {
    self.node = node
    processor = read(CLOCK_THREAD_CPUTIME_ID)
    time = read(CLOCK_MONOTONIC)
  }

  /// Nanoseconds that have passed since the last call.
  mutating func lap() -> UInt64 {
    let now = read(CLOCK_MONOTONIC)
    defer { time = now }
    return now - time
  }

  /// Nanoseconds that this thread has computed since the last call, sockets and coding included.
  mutating func processorLap() -> UInt64 {
    let now = read(CLOCK_THREAD_CPUTIME_ID)
    defer { processor = now }
    return now - processor
  }

  /// Reads a clock; in virtual time there is only one.
  private func read(_ clock: clockid_t) -> UInt64 {
    if let nanoseconds = node.virtualNanoseconds { return nanoseconds }
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
