/// The place of a node in the tree: the position of each ancestor among its siblings, from the
/// root.
///
/// The root's path is empty. The k-th child of a node has that node's path with k added; positions
/// start at 1 and are never reused, so a path identifies one node of a run.
package struct NodePath: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The deepest tree that the protocol carries.
  package static let maximumDepth = 1_000

  /// The positions, the root's child first.
  package let positions: [UInt32]

  /// The root.
  package static let root = Self(positions: [])

  package init(positions: [UInt32]) {
    self.positions = positions
  }

  /// The path of this node's child at `position`.
  package func child(_ position: UInt32) -> Self {
    Self(positions: positions + [position])
  }

  /// Whether this node is `other` or one of its descendants.
  package func isWithin(_ other: Self) -> Bool {
    positions.starts(with: other.positions)
  }

  /// The name of a node that was given none: `Process-1:2`, `MainProcess` for the root.
  package var description: String {
    guard !positions.isEmpty else { return "MainProcess" }
    // Every node does this as it starts, and `joined` looks through all conformances of the
    // program.
    var text = "Process-" + String(positions[0])
    for position in positions.dropFirst() {
      text += ":"
      text += String(position)
    }
    return text
  }

  package static func < (left: Self, right: Self) -> Bool {
    left.positions.lexicographicallyPrecedes(right.positions)
  }
}
