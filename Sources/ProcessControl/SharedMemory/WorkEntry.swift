/// The item that a process is working on.
package struct WorkEntry: Hashable, Sendable {
  /// The channel that it came from.
  package var channel: UInt64
  /// Its number on the channel.
  package var sequence: UInt64
  /// How often work on it has begun, this time included.
  package var attempt: UInt32
  /// When work on it began, in nanoseconds of a clock that writer and reader agree on.
  package var startNanoseconds: UInt64

  /// An item.
  package init(channel: UInt64, sequence: UInt64, attempt: UInt32, startNanoseconds: UInt64) {
    self.channel = channel
    self.sequence = sequence
    self.attempt = attempt
    self.startNanoseconds = startNanoseconds
  }
}
