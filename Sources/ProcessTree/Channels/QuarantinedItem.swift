/// An item that a work channel has put aside because it killed the nodes that worked on it.
public struct QuarantinedItem<Element: Sendable>: Sendable {
  /// The item.
  public let element: Element
  /// The nodes that died of it, by name; the first one first.
  public let killed: [String]
}
