/// Words with their counts in columns: what travels between the stages of the word count.
struct WordCounts: Codable, Sendable {
  /// Which part of all words these are of.
  var part = 0
  /// How many words were counted, those included that are not listed.
  var words = 0
  /// How many of them are distinct.
  var distinct = 0
  /// The letters of all listed words, one after the other.
  var letters: [UInt8] = []
  /// The length of each.
  var lengths: [Int] = []
  /// The count of each.
  var counts: [Int] = []
  /// The file of which words would have been counted; there are none then.
  var unreadable: UnreadableFile?

  /// Counts in pieces that are not too large for a message, at least one.
  ///
  /// The first one has the sums.
  static func pieces(
    _ ranked: [WordTable.Entry], of table: WordTable, words: Int, distinct: Int
  ) -> [WordCounts] {
    let length = 16_384
    var pieces = stride(from: 0, to: max(ranked.count, 1), by: length).map { start in
      table.counts(of: ranked[start..<min(start + length, ranked.count)])
    }
    pieces[0].words = words
    pieces[0].distinct = distinct
    return pieces
  }

  /// The files that could not be read, each once: every range of a file fails by itself.
  static func unreadable(in counts: [WordCounts]) -> [UnreadableFile] {
    var paths: Set<[UInt8]> = []
    return counts.compactMap(\.unreadable).filter { paths.insert($0.path).inserted }
  }
}

/// A file that a counter could not read, and why.
struct UnreadableFile: Codable, Sendable {
  var path: [UInt8]
  var failure: SystemFailure
}
