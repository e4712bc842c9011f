import Foundation
import Testing

/// Words and their counts as coreutils count them.
struct WordOracle: Equatable {
  var counts: [String: Int]

  var words: Int { counts.values.reduce(0, +) }

  /// The counts of coreutils for files, each of which is a text of its own.
  init(_ files: String...) throws {
    let list = files.joined(separator: " ")
    try self.init(find: "find \(list) -type f")
  }

  /// Their counts for the files that `find` finds, whatever their names.
  init(find: String) throws {
    let run = try Tool.run(
      shell: """
        \(find) -execdir sh -c 'for f; do cat "$f"; echo; done' _ {} + |
          LC_ALL=C tr -cs 'A-Za-z' '\\n' | LC_ALL=C tr A-Z a-z | LC_ALL=C sort | uniq -c
        """)
    try #require(run.code == 0)
    counts = [:]
    for line in run.lines {
      let columns = line.split(separator: " ")
      // Text without a word leaves an empty line.
      guard columns.count == 2, let count = Int(columns[0]) else { continue }
      counts[String(columns[1])] = count
    }
  }

  /// The counts of the tool, which have to be in order.
  init(_ report: [String: Any]) throws {
    let rows = try #require(report["all"] as? [[String: Any]]).map { row in
      (try #require(row["word"] as? String), try #require(row["count"] as? Int))
    }
    counts = Dictionary(rows) { left, _ in left }
    #expect(counts.count == rows.count, "a word is listed twice")
    let isSorted = zip(rows, rows.dropFirst()).allSatisfy { left, right in
      left.1 > right.1 || left.1 == right.1 && left.0 < right.0
    }
    #expect(isSorted)
    #expect(report["words"] as? Int == words)
    #expect(report["distinct"] as? Int == counts.count)
  }
}
