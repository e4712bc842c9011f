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

  /// The sums and the table, and all words if that was asked for, in the order of their names.
  ///
  /// A word has small letters only, which stand for themselves.
  public var document: ReportDocument {
    let listed = hasAll ? entries.count : min(top, entries.count)
    var json: [UInt8] = Array("{".utf8)
    json.reserveCapacity(256 + 32 * (listed + min(top, listed)))
    if hasAll {
      json += #""all":"#.utf8
      append(entries[...], to: &json)
      json += ",".utf8
    }
    json += #""distinct":\#(distinct),"files":\#(files.files),"top":"#.utf8
    append(entries.prefix(top), to: &json)
    json += #","unreadable":\#(files.unreadable),"words":\#(words)}"#.utf8
    return .json(String(decoding: json, as: UTF8.self))
  }

  private func append(
    _ entries: ArraySlice<(word: ArraySlice<UInt8>, count: Int)>, to json: inout [UInt8]
  ) {
    json.append(UInt8(ascii: "["))
    for (place, entry) in entries.enumerated() {
      if place > 0 { json.append(UInt8(ascii: ",")) }
      json += #"{"count":\#(entry.count),"word":""#.utf8
      json += entry.word
      json += #""}"#.utf8
    }
    json.append(UInt8(ascii: "]"))
  }
}
