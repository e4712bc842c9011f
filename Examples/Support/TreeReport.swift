/// What nodes below some node are and have sent.
struct TreeTotals: Codable, Sendable {
  /// The nodes that came to their end.
  var nodes = 0
  /// The messages that their parents have received from them.
  var items = 0
  /// The messages that came in another place than they were sent in.
  var outOfOrder = 0
  /// The children that were replaced.
  var deaths = 0

  static func += (left: inout Self, right: Self) {
    left.nodes += right.nodes
    left.items += right.items
    left.outOfOrder += right.outOfOrder
    left.deaths += right.deaths
  }
}

/// How many nodes there were, and what came of their messages.
public struct TreeReport: ExampleReport, Encodable {
  let shape: TreeShape
  let items: Int
  let totals: TreeTotals

  /// Whether each node came to its end once, and each of its messages to its parent once and in
  /// order.
  public var isSuccess: Bool {
    totals.nodes == shape.nodes && totals.items == shape.nodes * items && totals.outOfOrder == 0
  }

  /// The number of messages that arrived.
  public var total: Int? { totals.items }

  /// The numbers in two lines.
  public var text: String {
    """
    \(counted(totals.nodes, "node")), \(counted(totals.items, "message")) from children to parents, \
    \(totals.outOfOrder) out of order; \(counted(totals.deaths, "death")) made good
    \(isSuccess ? "The numbers are exact." : "THE NUMBERS ARE WRONG.")
    """
  }

  private enum Key: String, CodingKey {
    case shape, nodes, messages, outOfOrder, deaths, isExact
  }

  /// Encodes the numbers.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode("\(shape)", forKey: .shape)
    try container.encode(totals.nodes, forKey: .nodes)
    try container.encode(totals.items, forKey: .messages)
    try container.encode(totals.outOfOrder, forKey: .outOfOrder)
    try container.encode(totals.deaths, forKey: .deaths)
    try container.encode(isSuccess, forKey: .isExact)
  }
}
