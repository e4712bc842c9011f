internal import ProcessTree

/// What happened, and whether all held.
struct ChaosReport: Encodable {
  let example: String
  let seed: UInt64
  var faults = Striker.Record()
  /// How long faults came.
  var duration: Duration = .zero
  /// How long the round without faults took.
  var calmDuration: Duration = .zero
  /// Rounds under faults.
  var rounds = 0
  /// Rounds that came to their exact result.
  var exact = 0
  /// Rounds that a fault ended, with its name.
  var failed = 0
  /// The nodes that have ended.
  var ends = 0
  var slowestStop: Duration = .zero
  var violation: Violation?

  /// The lines for people.
  var text: String {
    let kinds = "\(faults.kill) kills, \(faults.stop) stops, \(faults.cut) cuts"
    let missed = faults.missedCuts == 0 ? "" : " (\(faults.missedCuts) more found no link)"
    return """
      seed \(seed): \(faults.count) faults in \(Self.seconds(duration)) s: \(kinds)\(missed)
      \(rounds) \(rounds == 1 ? "round" : "rounds"), \(exact) with their exact result, \(failed) ended by a fault that has a name; \
      \(ends) nodes ended; the slowest stop took \(Self.seconds(slowestStop)) s
      \(violation == nil ? "All invariants hold." : "AN INVARIANT DOES NOT HOLD.")

      """
  }

  static func seconds(_ duration: Duration) -> String {
    let tenths = Int(duration / .milliseconds(100))
    return "\(tenths / 10).\(tenths % 10)"
  }

  private enum Key: String, CodingKey {
    case example, seed, faults, seconds, calmSeconds, rounds, exact, failed, ends
    case slowestStopSeconds, holds, violation
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(example, forKey: .example)
    try container.encode(seed, forKey: .seed)
    try container.encode(faults, forKey: .faults)
    try container.encode(duration / .seconds(1), forKey: .seconds)
    try container.encode(calmDuration / .seconds(1), forKey: .calmSeconds)
    try container.encode(rounds, forKey: .rounds)
    try container.encode(exact, forKey: .exact)
    try container.encode(failed, forKey: .failed)
    try container.encode(ends, forKey: .ends)
    try container.encode(slowestStop / .seconds(1), forKey: .slowestStopSeconds)
    try container.encode(violation == nil, forKey: .holds)
    try container.encodeIfPresent(violation, forKey: .violation)
  }
}
