/// How long files may be, and what may not stand in them.
enum TextRules {
  static let longestFile = 500
  static let largestMedian = 130

  /// Files that have more lines than one subject needs.
  static func tooLong(_ files: [SourceFile]) -> [Violation] {
    files.filter { $0.lineCount > longestFile }.map {
      Violation(path: $0.path, reason: "\($0.lineCount) lines; at most \(longestFile)")
    }
  }

  /// The number of lines that half of the files do not exceed; 0 without files.
  static func medianLineCount(_ files: [SourceFile]) -> Int {
    let counts = files.map(\.lineCount).sorted()
    return counts.isEmpty ? 0 : counts[counts.count / 2]
  }

  // Spelled in pieces, so that this file does not break the rule.
  private static let unfinished = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
  private static let fatal = "fatal" + "Error("
  private static let excuses = ["unimplemented", "not implemented", "not yet"]

  /// Marks of unfinished work.
  static func unfinishedWork(in files: [SourceFile]) -> [Violation] {
    files.flatMap { file in
      file.lines.enumerated().compactMap { index, line -> Violation? in
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        if let mark = unfinished.first(where: { words.contains(Substring($0)) }) {
          return Violation(path: file.path, line: index + 1, reason: "unfinished: \(mark)")
        }
        let lowercased = line.lowercased()
        if line.contains(fatal), let excuse = excuses.first(where: lowercased.contains) {
          return Violation(path: file.path, line: index + 1, reason: "unfinished: \(excuse)")
        }
        return nil
      }
    }
  }
}
