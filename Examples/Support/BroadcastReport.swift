/// How much of a broadcast each subscriber received.
public struct BroadcastReport: ExampleReport, Encodable {
  /// One subscriber's part.
  struct Share: Codable, Sendable {
    var node: String
    var isSlow: Bool
    var received: Int
    var missed: Int
  }

  let items: Int
  /// The items that were left out before anybody listened, which every subscriber missed.
  let early: Int
  let shares: [Share]

  /// Whether each subscriber received or missed every item.
  public var isSuccess: Bool { shares.allSatisfy { $0.received + $0.missed == items } }

  /// A row for each subscriber.
  public var text: String {
    let rows = shares.map { share in
      let sum = share.received + share.missed
      return [
        share.node, "\(share.received)", "\(share.missed)", "\(sum)",
        share.isSlow ? "slow" : "fast",
      ]
    }
    let table = TextTable(
      rows: [["node", "received", "missed", "sum", "pace"]] + rows, rightAligned: [1, 2, 3])
    let left = early == 0 ? "" : ", \(early) of them before anybody listened"
    return "\(counted(items, "item")) sent\(left).\n\(table.text)"
  }

  private enum Key: String, CodingKey {
    case items, early, subscribers
  }

  /// Encodes the numbers of items and the subscribers' parts.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(items, forKey: .items)
    try container.encode(early, forKey: .early)
    try container.encode(shares, forKey: .subscribers)
  }
}
