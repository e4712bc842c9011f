/// What a directory holds, with a part for each directory directly below it that had a node.
public struct TallyReport: ExampleReport, Encodable {
  private let sum: Subtree

  init(_ total: Subtree) {
    sum = total
  }

  /// The number of bytes.
  public var total: Int? { sum.counts.bytes }

  /// A row for each part, and one for everything.
  public var text: String {
    let heading = ["files", "lines", "words", "bytes", "unreadable", "path"]
    let rows = (sum.parts + [sum]).map { subtree in
      let counts = subtree.counts
      return [counts.files, counts.lines, counts.words, counts.bytes, counts.unreadable]
        .map { String($0) } + [visibleText(subtree.path)]
    }
    return TextTable(rows: [heading] + rows, rightAligned: [0, 1, 2, 3, 4]).text
  }

  /// Encodes the counts, the path as text, and the parts as `subtrees`.
  public func encode(to encoder: any Encoder) throws {
    try encode(sum, withParts: true, to: encoder.container(keyedBy: Key.self))
  }

  private enum Key: String, CodingKey {
    case path, files, lines, words, bytes, unreadable, subtrees
  }

  private func encode(
    _ subtree: Subtree, withParts: Bool, to container: KeyedEncodingContainer<Key>
  ) throws {
    var container = container
    // A path that is not UTF-8 shows U+FFFD in the places of other bytes.
    try container.encode(String(decoding: subtree.path, as: UTF8.self), forKey: .path)
    try container.encode(subtree.counts.files, forKey: .files)
    try container.encode(subtree.counts.lines, forKey: .lines)
    try container.encode(subtree.counts.words, forKey: .words)
    try container.encode(subtree.counts.bytes, forKey: .bytes)
    try container.encode(subtree.counts.unreadable, forKey: .unreadable)
    guard withParts else { return }
    var parts = container.nestedUnkeyedContainer(forKey: .subtrees)
    for part in subtree.parts {
      try encode(part, withParts: false, to: parts.nestedContainer(keyedBy: Key.self))
    }
  }
}
