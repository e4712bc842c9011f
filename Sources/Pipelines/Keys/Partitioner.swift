internal import ProcessTreeBase

/// A partition key of any type, which travels with the name of its type.
struct Partitioner<Element: Codable & Sendable>: Sendable {
  private let key: any PartitionKey<Element>
  /// The stage whose workers share the items out by the key, for messages.
  private let stage: String

  init(_ key: any PartitionKey<Element>, of stage: String = "") {
    (self.key, self.stage) = (key, stage)
  }

  /// The same for a stage of this name.
  func of(stage: String) -> Self { Self(key, of: stage) }

  /// Whether another process can find the type of the key.
  var canTravel: Bool { Self.find(Self.name(of: key)) != nil }

  /// Divides items and their origins among lanes, each in the order in which they stand.
  func divide(_ envelope: Envelope<Element>, among lanes: Int) throws -> [Envelope<Element>] {
    var hashes: [UInt64] = []
    hashes.reserveCapacity(envelope.items.count)
    do {
      try key.appendHashes(of: envelope.items, to: &hashes)
    } catch {
      throw KeyFailure(
        stage: stage, input: envelope.input(of: hashes.count), reason: "\(error)")
    }
    let share = envelope.items.count / lanes + 1
    var parts = (0..<lanes).map { _ in Emission<Element>(capacity: share) }
    for (place, hash) in hashes.enumerated() {
      let lane = Int(hash % UInt64(lanes))
      parts[lane].offset = envelope.origins.offset(of: place)
      parts[lane].append(envelope.items[place])
    }
    return parts.map { $0.envelope(replacing: envelope, cost: envelope.cost) }
  }

  private static func name(of key: any PartitionKey<Element>) -> String {
    TypeName.of(type(of: key))
  }

  private static func find(_ name: String) -> (any PartitionKey<Element>.Type)? {
    TypeName.find(name) as? any PartitionKey<Element>.Type
  }
}

extension Partitioner: Codable {
  init(from decoder: any Decoder) throws {
    var fields = try decoder.unkeyedContainer()
    guard let type = Self.find(try fields.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: fields, debugDescription: "No partition key of \(Element.self) has this name.")
    }
    key = try fields.decode(type)
    stage = try fields.decode(String.self)
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.unkeyedContainer()
    try fields.encode(Self.name(of: key))
    try fields.encode(key)
    try fields.encode(stage)
  }
}

/// The key of an item could not be worked out.
struct KeyFailure: Error, CustomStringConvertible {
  /// The name of the stage that the item goes to; empty if it has none.
  let stage: String
  /// The number of the source's input that the item came of; nil if it came of no single one.
  let input: UInt64?
  let reason: String

  var description: String {
    (stage.isEmpty ? "" : "the partition of stage \(stage), ")
      + (input.map { "input \($0 &+ 1): " } ?? "") + reason
  }
}
