/// Gives envelopes in the order of their inputs, whatever the order in which they come.
///
/// Each stream is put in order by itself. What workers make at their end is kept until all is over,
/// and then follows, worker after worker. The number of envelopes that wait here is bounded by how
/// many are on their way at a time.
struct OrderRestorer<Value> {
  private struct Stream {
    var next: UInt64 = 0
    var waiting: [UInt64: Value] = [:]

    mutating func takeNext() -> Value? {
      guard let value = waiting.removeValue(forKey: next) else { return nil }
      next += 1
      return value
    }
  }

  private var streams: [StreamID.Value: Stream] = [:]

  /// How many wait for one that comes before them.
  var waitingCount: Int { streams.values.reduce(0) { $0 + $1.waiting.count } }

  /// Takes an envelope.
  mutating func insert(_ value: Value, at id: EnvelopeID) {
    streams[id.stream, default: Stream()].waiting[id.number] = value
  }

  /// The next envelope of a stream; nil while it has not come, or is to follow at the end.
  mutating func takeNext(of stream: StreamID.Value) -> Value? {
    StreamID.isFinish(stream) ? nil : streams[stream]?.takeNext()
  }

  /// What is left once nothing more comes: what workers made at their end, and, should something
  /// have been lost, what stands behind the gap.
  mutating func takeRest() -> [Value] {
    defer { streams = [:] }
    return streams.sorted { $0.key < $1.key }.flatMap { _, stream in
      stream.waiting.sorted { $0.key < $1.key }.map(\.value)
    }
  }
}
