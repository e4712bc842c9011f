internal import ProcessTreeBase

/// The unit that travels between stages: the items that came of one batch of inputs.
///
/// A stage makes exactly one envelope of each that it takes, perhaps an empty one, so that nothing
/// can be lost without being missed and the order can be restored at any place.
struct Envelope<Item: Codable & Sendable>: Sendable {
  /// Which envelope it is.
  var id: EnvelopeID
  /// The longest that one stage has spent on it so far, in nanoseconds.
  var cost: UInt64
  /// The inputs that its items came of; without meaning outside of the source's stream.
  var origins: Origins
  /// The items.
  var items: [Item]
  /// What stages gave up of it.
  var refusals: [Refusal] = []
  /// What the run gave up of it.
  var omissions: [OmittedItem] = []

  /// The number of the input that an item came of; nil when it came of no single one.
  func input(of item: Int) -> UInt64? {
    id.stream == EnvelopeSourceID.source ? origins.input(of: item) : nil
  }

  /// The place of an item.
  func place(of item: Int) -> ItemPlace {
    ItemPlace(envelope: id, count: items.count, item: item, input: input(of: item))
  }
}

/// The place of an item in an envelope as a worker took it.
///
/// An envelope that is made again may lack what was left out meanwhile: then the same offset is
/// another item's. The input distinguishes these two, or else the number of items.
struct ItemPlace: Hashable, Sendable, Codable {
  var envelope: EnvelopeID
  /// How many items the envelope has.
  var count: Int
  /// The item's offset in the envelope.
  var item: Int
  /// The number of the source's input that the item came of, where there is one.
  var input: UInt64?
}

/// The place of an envelope in its stream, unique on each edge of a pipeline.
struct EnvelopeID: Hashable, Sendable, Codable {
  /// Where the envelope began: at the source, or at a worker that made something of its own.
  var stream: EnvelopeSourceID.Value
  /// The place: on each edge the numbers of a stream run from 0 on without gaps.
  let number: UInt64

  /// Behind the largest there is room for its successor, which ends a range.
  private static let largestNumber = UInt64.max - 1

  /// A number from another process that is too large becomes the largest.
  init(stream: EnvelopeSourceID.Value, number: UInt64) {
    self.stream = stream
    self.number = min(number, Self.largestNumber)
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      stream: try fields.decode(EnvelopeSourceID.Value.self, forKey: .stream),
      number: try fields.decode(UInt64.self, forKey: .number))
  }
}

/// The numbers of streams: 0 is the source, and every worker has two of its own.
enum EnvelopeSourceID {
  typealias Value = UInt32

  /// The outputs for the source's inputs.
  static let source: Value = 0

  /// The outputs of a worker that belong to no input: those of a command.
  static func flow(ofWorker worker: Int) -> Value { Value(worker) * 2 + 1 }

  /// The outputs of a worker at the end of its input.
  static func finish(ofWorker worker: Int) -> Value { Value(worker) * 2 + 2 }

  /// The worker that began a stream; nil for the source's.
  static func worker(of stream: Value) -> Int? { stream == source ? nil : Int(stream - 1) / 2 }

  /// Whether a stream holds the outputs of a worker at the end of its input.
  static func isFinish(_ stream: Value) -> Bool { stream != source && stream.isMultiple(of: 2) }

  /// The streams that the workers of a range begin.
  static func streams(ofWorkers workers: Range<Int>) -> Range<Value> {
    flow(ofWorker: workers.lowerBound)..<flow(ofWorker: workers.upperBound)
  }
}

extension Envelope: Codable {
  /// As an array without keys: most envelopes are small.
  init(from decoder: any Decoder) throws {
    var fields = try decoder.unkeyedContainer()
    id = EnvelopeID(
      stream: try fields.decode(EnvelopeSourceID.Value.self), number: try fields.decode(UInt64.self)
    )
    cost = try fields.decode(UInt64.self)
    let first = try fields.decode(UInt64.self)
    origins = Origins(from: first, offsets: try fields.decode([UInt32].self))
    items = try fields.decode([Item].self)
    refusals = fields.isAtEnd ? [] : try fields.decode([Refusal].self)
    omissions = fields.isAtEnd ? [] : try fields.decode([OmittedItem].self)
    guard origins.offsets.isEmpty || origins.offsets.count == items.count else {
      throw DecodingError.dataCorruptedError(
        in: fields, debugDescription: "An envelope has as many origins as items, or none.")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.unkeyedContainer()
    try fields.encode(id.stream)
    try fields.encode(id.number)
    try fields.encode(cost)
    try fields.encode(origins.first)
    try fields.encode(origins.offsets)
    try fields.encode(items)
    if !refusals.isEmpty || !omissions.isEmpty { try fields.encode(refusals) }
    if !omissions.isEmpty { try fields.encode(omissions) }
  }
}

/// For each item of an envelope, the number of the source's input that it came of.
///
/// As long as every input made one item it is the first number alone.
struct Origins: Hashable, Sendable {
  /// The number of the envelope's first input.
  let first: UInt64
  /// The number that each item adds to `first`; empty if items follow inputs one by one.
  let offsets: [UInt32]

  /// Items that follow the inputs one by one.
  init(from first: UInt64) {
    self.first = first
    offsets = []
  }

  init(from first: UInt64, offsets: [UInt32]) {
    self.first = first
    self.offsets = offsets
  }

  /// The number that an item adds to `first`.
  @inline(__always)
  func offset(of item: Int) -> UInt32 {
    offsets.isEmpty ? UInt32(truncatingIfNeeded: item) : offsets[item]
  }

  /// The number of the input that an item came of.
  func input(of item: Int) -> UInt64 { first.saturatingAdding(UInt64(offset(of: item))) }
}
