public import Pipelines
import Pools

/// Counts the words of a chunk or of a ``FileRange``, so that fewer have to travel.
struct Tokenize: Stage {
  /// In how many parts the words are divided by their hash; a counter gets some of them.
  var parts: Int
  private var table = WordTable()
  private var buffer: [UInt8] = []

  /// The state is memory, not knowledge: another worker can do the same work again.
  static var isStateless: Bool { true }

  init(parts: Int) {
    self.parts = parts
  }

  private enum CodingKeys: CodingKey { case parts }

  mutating func process(_ text: [UInt8], emit: (WordCounts) throws -> Void) throws {
    table.removeAll()
    if let range = FileRange(text) {
      do throws(SystemFailure) {
        try range.read(into: &buffer)
      } catch {
        // A file may be gone by now, which the other ones do not suffer for.
        return try emit(WordCounts(unreadable: UnreadableFile(path: range.path, failure: error)))
      }
      table.countWords(of: buffer)
    } else {
      table.countWords(of: text)
    }
    var entries = [[WordTable.Entry]](repeating: [], count: parts)
    for entry in table.entries { entries[Int(entry.hash >> 40) % parts].append(entry) }
    for (part, entries) in entries.enumerated() where !entries.isEmpty {
      var counts = table.counts(of: entries)
      counts.part = part
      counts.words = entries.reduce(0) { $0 + $1.count }
      try emit(counts)
    }
  }
}

/// A pipeline that counts words: read → tokenize → count → merge, every stage with nodes of its
/// own.
///
/// A word is a maximal run of ASCII letters, in small letters; all other bytes lie between words.
/// Words do not go on from one file to the next. The counts are those of
/// `LC_ALL=C tr -cs 'A-Za-z' '\n' | LC_ALL=C tr A-Z a-z | LC_ALL=C sort | uniq -c` over each file.
public struct WordCount: HostedExample {
  /// What it is run by.
  public static let name = "wordcount"
  /// What it teaches.
  public static let lesson = "a pipeline reads files, finds their words and counts them"

  private let paths: [[UInt8]]
  private let workers: Int
  private let counters: Int
  private let top: Int
  private let hasAll: Bool

  /// Makes the example.
  ///
  /// - Parameters:
  ///   - paths: Files and directories, which need not be UTF-8.
  ///   - workers: How many nodes tokenize; as many as there are processors without it.
  ///   - counters: How many nodes count, each its part of all words.
  ///   - top: How many of the most frequent words are listed.
  ///   - hasAll: Whether all words are listed, however many.
  public init(paths: [[UInt8]], workers: Int?, counters: Int, top: Int, hasAll: Bool) {
    self.paths = paths
    self.workers = workers ?? cpuCount
    self.counters = counters
    self.top = top
    self.hasAll = hasAll
  }

  /// Reads the files and sends them through the pipeline.
  public func run(in root: Node, on hosts: HostPool?) async throws -> WordCountReport {
    try GivenPaths.check(paths, allowsDirectories: true)
    let top = hasAll ? nil : top
    let words = Pipeline(Tokenize(parts: counters * 16), workers: workers)
      .then(CountWords(top: top), workers: counters, distribution: .partitioned(by: \.part))
      .then(MergeWords(top: top))
    // Workers of other hosts may not have the files.
    let texts = WordTexts(paths, byRanges: hosts == nil, for: root, name: Self.name)
    let counts = try await root.run(over: texts, using: words, on: hosts)
    var files = texts.counts
    for file in WordCounts.unreadable(in: counts) {
      files.unreadable += 1
      complainOfFile(Self.name, file.path, file.failure)
    }
    return WordCountReport(files, counts, top: self.top, hasAll: hasAll)
  }
}
