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
}
