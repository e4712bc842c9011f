internal import ProcessTreeStages

/// A record that a stage gave up: it travels on with the envelope that it stood in, so that it is
/// set aside once, as often as the envelope may be made.
package struct Refusal: Hashable, Sendable, Codable {
  /// The name of the stage.
  package var stage: String
  /// The number of the source's input, from 0 on; nil if it came of no single one.
  package var input: UInt64?
  package var record: [UInt8]
  /// What happened at each attempt.
  package var failures: [String]
  /// Where it stood; nil if it travels no further.
  var origin: Origin?

  /// The place of a record in an envelope of a stage.
  struct Origin: Hashable, Sendable, Codable {
    /// The worker's number within the stage, where each has envelopes of its own; else 0.
    var lane: Int
    var place: ItemPlace
  }

  /// The part that distinguishes it from others, however often the record is tried.
  var name: Self {
    var name = Self(stage: stage, input: input, record: [], failures: [])
    name.origin = origin
    return name
  }

  package init(stage: String, input: UInt64?, record: [UInt8], failures: [String]) {
    self.stage = stage
    self.input = input
    self.record = record
    self.failures = failures
  }
}
