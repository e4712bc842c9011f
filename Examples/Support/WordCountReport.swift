/// How often which word is in some files.
public struct WordCountReport: ExampleReport {
  private let files: Counts
  private let words: Int
  private let distinct: Int
  private let entries: [(word: ArraySlice<UInt8>, count: Int)]
  private let top: Int
  private let hasAll: Bool

  /// Makes the report of the pipeline's outputs, in its order.
  init(_ files: Counts, _ counts: [WordCounts], top: Int, hasAll: Bool) {
    self.files = files
    self.top = top
    self.hasAll = hasAll
    words = counts.reduce(0) { $0 + $1.words }
    distinct = counts.reduce(0) { $0 + $1.distinct }
    entries = counts.flatMap { counts in
      var start = 0
      return zip(counts.lengths, counts.counts).map { length, count in
        defer { start += length }
        return (counts.letters[start..<start + length], count)
      }
    }
  }

  /// The number of words.
  public var total: Int? { words }

  private static let longestWord = 60

  /// A row for each word of the table, then the sums.
  public var text: String {
    let listed = hasAll ? entries[...] : entries.prefix(top)
    let rows = listed.map { entry in
      let word = String(decoding: entry.word.prefix(Self.longestWord), as: UTF8.self)
      let isWhole = entry.word.count <= Self.longestWord
      return ["\(entry.count)", isWhole ? word : "\(word)… (\(entry.word.count) letters)"]
    }
    let table = TextTable(rows: [["count", "word"]] + rows, rightAligned: [0])
    return """
      \(table.text)
      \(counted(words, "word")), \(distinct) distinct, in \(counted(files.files, "file")); \
      \(files.unreadable) unreadable
      """
  }

  private enum Key: String, CodingKey {
    case words, distinct, files, unreadable, top, all, word, count
  }

  /// Encodes the sums and the table, and all words if that was asked for.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(words, forKey: .words)
    try container.encode(distinct, forKey: .distinct)
    try container.encode(files.files, forKey: .files)
    try container.encode(files.unreadable, forKey: .unreadable)
    try encode(entries.prefix(top), to: container.nestedUnkeyedContainer(forKey: .top))
    guard hasAll else { return }
    try encode(entries[...], to: container.nestedUnkeyedContainer(forKey: .all))
  }

  private func encode(
    _ entries: ArraySlice<(word: ArraySlice<UInt8>, count: Int)>,
    to container: any UnkeyedEncodingContainer
  ) throws {
    var container = container
    for entry in entries {
      var row = container.nestedContainer(keyedBy: Key.self)
      try row.encode(String(decoding: entry.word, as: UTF8.self), forKey: .word)
      try row.encode(entry.count, forKey: .count)
    }
  }
}
