/// How many children the nodes of each level have, such as `3x10`: three below the root, ten below
/// each of these.
public struct TreeShape: Codable, Sendable, CustomStringConvertible {
  /// The most nodes below the root.
  public static let mostNodes = 5_000
  /// The most levels below the root.
  public static let mostLevels = 500

  let widths: [Int]

  /// Reads numbers joined by `x`; `1^20` stands for twenty levels of one child.
  ///
  /// - Returns: nil for anything else, and for more nodes or levels than there may be.
  public init?(_ text: String) {
    var widths: [Int] = []
    for level in text.split(separator: "x", omittingEmptySubsequences: false) {
      let parts = level.split(separator: "^", omittingEmptySubsequences: false)
      guard let width = Int(parts[0]), (1...Self.mostNodes).contains(width), parts.count < 3
      else { return nil }
      let levels = parts.count == 1 ? 1 : Int(parts[1]) ?? 0
      guard (1...Self.mostLevels).contains(levels) else { return nil }
      widths += repeatElement(width, count: levels)
      guard widths.count <= Self.mostLevels, Self.nodes(widths) <= Self.mostNodes else {
        return nil
      }
    }
    self.widths = widths
  }

  /// The number of nodes below the root.
  var nodes: Int { Self.nodes(widths) }

  /// The numbers, joined by `x`.
  public var description: String { widths.map { "\($0)" }.joined(separator: "x") }

  private static func nodes(_ widths: [Int]) -> Int {
    var (level, all) = (1, 0)
    for width in widths {
      // A level that is too large is as good as one that is larger.
      level = min(level * width, mostNodes + 1)
      all += level
    }
    return all
  }
}
