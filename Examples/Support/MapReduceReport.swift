import Pools

/// The totals of all chunks, and what happened to the workers meanwhile.
public struct MapReduceReport: ExampleReport, Encodable {
  private var totals = [Int](repeating: 0, count: Vocabulary.words.count)
  /// How often each chunk was recorded.
  private var records: [Int] = []
  private(set) var chunks = 0
  private var failed = 0
  private var killed = 0
  private var replaced = 0
  private var redone = 0

  /// Adds what was counted in a chunk.
  mutating func record(_ counts: [Int], ofChunk number: Int) {
    if number >= records.count {
      records += repeatElement(0, count: number - records.count + 1)
    }
    records[number] += 1
    chunks += 1
    for (word, count) in counts.enumerated() { totals[word] += count }
  }

  /// Adds what became of the workers.
  mutating func add(_ progress: PoolProgress, killed: Int) {
    self.killed = killed
    failed = progress.failed
    replaced = progress.workersStarted - progress.workers
    redone = progress.retried
  }

  /// Whether each chunk was recorded once and the totals are those of the arithmetic.
  public var isSuccess: Bool {
    failed == 0 && records.allSatisfy { $0 == 1 } && totals == expectedTotals
  }

  private var expectedTotals: [Int] {
    Vocabulary.words.indices.map { word in
      records.indices.reduce(0) { $0 + Vocabulary.count(ofWord: word, inChunk: $1) }
    }
  }

  /// A row for each word, then what happened.
  public var text: String {
    let rows = zip(Vocabulary.words, totals).map { ["\($1)", visibleText($0)] }
    let table = TextTable(rows: [["count", "word"]] + rows, rightAligned: [0])
    let words = totals.reduce(0, +)
    return """
      \(table.text)
      \(counted(words, "word")) in \(counted(chunks, "chunk")); workers: \
      \(killed) killed by this example, \(replaced) lost and replaced in all; \
      \(counted(redone, "chunk")) redone
      \(isSuccess ? "The totals are exact." : "THE TOTALS ARE WRONG.")
      """
  }

  private enum Key: String, CodingKey {
    case chunks, words, totals, killed, replaced, redone, isExact
  }

  /// Encodes the sums, and the totals by word.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(chunks, forKey: .chunks)
    try container.encode(totals.reduce(0, +), forKey: .words)
    let totals = zip(Vocabulary.words, totals).map { (visibleText($0), $1) }
    try container.encode(Dictionary(uniqueKeysWithValues: totals), forKey: .totals)
    try container.encode(killed, forKey: .killed)
    try container.encode(replaced, forKey: .replaced)
    try container.encode(redone, forKey: .redone)
    try container.encode(isSuccess, forKey: .isExact)
  }
}
