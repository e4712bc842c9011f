internal import ProcessTreeBase

/// How numbers of envelopes change where one becomes several, so that they stay without gaps.
///
/// Of `before` envelopes that come of one at the fork, `after` leave the join, this part of them
/// from the place `start` on.
struct Fold: Hashable, Sendable {
  var before: UInt64
  var after: UInt64
  var start: UInt64
  /// Streams that begin behind the fork: nothing else has numbers in them.
  var exempt: Range<EnvelopeSourceID.Value>

  /// Makes the fold of one of several workers that each get a copy or a part of every envelope.
  static func lane(_ lane: Int, of lanes: Int, exempt: Range<EnvelopeSourceID.Value>) -> Self {
    Self(before: 1, after: UInt64(lanes), start: UInt64(lane), exempt: exempt)
  }

  /// The number behind the join.
  func callAsFunction(_ id: EnvelopeID) -> EnvelopeID {
    guard !exempt.contains(id.stream) else { return id }
    let (group, rest) = id.number.quotientAndRemainder(dividingBy: before)
    // Numbers come from other workers. A number that does not fit is no envelope's, and fails the
    // balance.
    let number = group.saturatingMultiplied(by: after).saturatingAdding(start)
      .saturatingAdding(rest)
    return EnvelopeID(stream: id.stream, number: number)
  }
}

extension Fold: Codable {
  init(from decoder: any Decoder) throws {
    var fields = try decoder.unkeyedContainer()
    before = try fields.decode(UInt64.self)
    after = try fields.decode(UInt64.self)
    start = try fields.decode(UInt64.self)
    let first = try fields.decode(EnvelopeSourceID.Value.self)
    let end = try fields.decode(EnvelopeSourceID.Value.self)
    guard before > 0, first <= end else {
      throw DecodingError.dataCorruptedError(in: fields, debugDescription: "This is no fold.")
    }
    exempt = first..<end
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.unkeyedContainer()
    try fields.encode(before)
    try fields.encode(after)
    try fields.encode(start)
    try fields.encode(exempt.lowerBound)
    try fields.encode(exempt.upperBound)
  }
}
