internal import ProcessTreeStages

/// Brings the envelopes of all streams into the order of the source; see `OrderRestorer`.
///
/// The outputs that workers make after their last input come behind everything else.
struct StreamRestorer<Value> {
  private var streams: [EnvelopeSourceID.Value: OrderRestorer<Value>] = [:]

  /// How many wait for one that comes before them.
  var waitingCount: Int { streams.values.reduce(0) { $0 + $1.waitingCount } }

  /// Takes an envelope.
  mutating func insert(_ value: Value, at id: EnvelopeID) {
    streams[id.stream, default: OrderRestorer()].insert(value, at: id.number)
  }

  /// The next envelope of a stream; nil while it has not come, or is to follow at the end.
  mutating func takeNext(of stream: EnvelopeSourceID.Value) -> Value? {
    EnvelopeSourceID.isFinish(stream) ? nil : streams[stream]?.takeNext()
  }

  /// Returns the envelopes that remain at the end: those that workers made after their last input,
  /// and, if an envelope was lost, those behind the gap.
  mutating func takeRest() -> [Value] {
    defer { streams = [:] }
    return streams.sorted { $0.key < $1.key }.flatMap { stream in
      var restorer = stream.value
      return restorer.takeRest()
    }
  }
}
