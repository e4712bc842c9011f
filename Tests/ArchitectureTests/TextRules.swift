import Foundation

/// How long files may be, and what may not stand in them.
enum TextRules {
  static let longestFile = 350
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

  /// As `.editorconfig` and `.swift-format` have it; the formatter leaves comments alone.
  static let widestComment = 100

  /// Lines of comments that are wider than code may be.
  static func wideComments(in files: [SourceFile]) -> [Violation] {
    files.flatMap { file in
      file.lines.enumerated().compactMap { index, line in
        guard line.utf8.count > widestComment, line.count > widestComment,
          line.drop(while: \.isWhitespace).hasPrefix("//")
        else { return nil }
        return Violation(
          path: file.path, line: index + 1, reason: "a comment has \(line.count) columns")
      }
    }
  }

  // MARK: Style

  /// Folders whose comments follow `Docs/style.md`.
  static let styledFolders = ["Sources", "Examples", "Tests", "Benchmarks"]

  /// Words that the style replaces by modern ones.
  private static let archaic = #"(?i)\b(by and by|for want of|for ever|lest|whosoever|thereof)\b"#

  /// Verbs before which a relative clause without a noun has its pronoun.
  private static let verbs =
    "(is|are|was|were|has|have|had|came|comes|goes|went|can|may|must|waits|asked|asks)"

  /// A clause about things or persons that no noun names, as a sentence or its subject.
  private static let headless = [
    "(^|[.;:,(] |\\| |- )(What|what) \(verbs)\\b", "\\b(of|with|to|from|for|by) what \(verbs)\\b",
    "\\b[Ww]hoever\\b", "(^|[.;:,(] |\\| |- )(Who|who) \(verbs)\\b", "^Who\\b",
  ]

  /// Verbs for people alone: nodes, files and options send, report, name and show.
  private static let speech =
    "(?i)(?<!\\b(users?|people|persons?|readers?|authors?)( is| are| can| may| must)? )"
    + "\\b(say|says|said|saying|tell|tells|told|telling)\\b"

  /// Errors that stand in a sentence in place of their field.
  private static let errors = "(^|[.;] )Throws `"

  /// Prose that breaks the rules of style which a program can check.
  ///
  /// Of code only the comments are prose, and the rules for verbs and errors are about these.
  static func style(of files: [SourceFile]) -> [Violation] {
    files.flatMap { file in
      let isDocument = file.path.hasSuffix(".md")
      return prose(of: file).compactMap { number, text -> Violation? in
        func found(_ pattern: String, _ reason: String) -> Violation? {
          text.range(of: pattern, options: .regularExpression).map {
            Violation(path: file.path, line: number, reason: "style: \(reason)\"\(text[$0])\"")
          }
        }
        if let violation = found(archaic, "") { return violation }
        for pattern in headless {
          guard let range = text.range(of: pattern, options: .regularExpression) else { continue }
          // A question is no relative clause.
          guard !text[range.upperBound...].contains("?") else { continue }
          return found(pattern, "no noun in ")
        }
        guard !isDocument else { return nil }
        return found(speech, "speech of no person in ") ?? found(errors, "no field in ")
      }
    }
  }

  /// The numbered lines of a document outside of code, or of the comments of code.
  private static func prose(of file: SourceFile) -> [(Int, String)] {
    guard file.path.hasSuffix(".md") else {
      return file.lines.enumerated().compactMap { index, line in
        let text = line.drop(while: \.isWhitespace)
        guard text.hasPrefix("//") else { return nil }
        return (index + 1, String(text.drop { $0 == "/" }.drop(while: \.isWhitespace)))
      }
    }
    return DocumentRules.prose(of: file).map { number, text in
      // Code within a line may be named as it likes.
      let pieces = text.split(separator: "`", omittingEmptySubsequences: false)
      let words = pieces.enumerated().map { $0.offset % 2 == 0 ? String($0.element) : "code" }
      return (number, words.joined())
    }
  }
}
