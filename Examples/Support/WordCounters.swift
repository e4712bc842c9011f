import Pipelines

/// Adds up the counts of its part of all words, and emits them at the end.
struct CountWords: Stage {
  /// How many of the most frequent words are of interest; all without a number.
  var top: Int?
  private var table = WordTable()
  private var words = 0

  init(top: Int?) {
    self.top = top
  }

  private enum CodingKeys: CodingKey { case top }

  mutating func process(_ counts: WordCounts, emit: (WordCounts) throws -> Void) throws {
    guard counts.unreadable == nil else { return try emit(counts) }
    words += counts.words
    table.add(counts)
  }

  mutating func finish(emit: (WordCounts) throws -> Void) throws {
    let pieces = WordCounts.pieces(
      table.ranked(first: top), of: table, words: words, distinct: table.entries.count)
    for piece in pieces { try emit(piece) }
  }
}

/// Brings the words of all parts into one order.
struct MergeWords: Stage {
  var top: Int?
  private var table = WordTable()
  private var words = 0
  private var distinct = 0

  init(top: Int?) {
    self.top = top
  }

  private enum CodingKeys: CodingKey { case top }

  mutating func process(_ counts: WordCounts, emit: (WordCounts) throws -> Void) throws {
    guard counts.unreadable == nil else { return try emit(counts) }
    words += counts.words
    distinct += counts.distinct
    table.add(counts)
  }

  mutating func finish(emit: (WordCounts) throws -> Void) throws {
    let pieces = WordCounts.pieces(
      table.ranked(first: top), of: table, words: words, distinct: distinct)
    for piece in pieces { try emit(piece) }
  }
}
