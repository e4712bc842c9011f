/// The item that a process is working on.
package struct WorkEntry: Hashable, Sendable {
  package var channel: UInt64
  package var sequence: UInt64
  /// How often work on it has begun, including this time.
  package var attempt: UInt32
  /// The time when work on it began, in nanoseconds of a clock that writer and reader share.
  package var startNanoseconds: UInt64

  package init(channel: UInt64, sequence: UInt64, attempt: UInt32, startNanoseconds: UInt64) {
    self.channel = channel
    self.sequence = sequence
    self.attempt = attempt
    self.startNanoseconds = startNanoseconds
  }
}
