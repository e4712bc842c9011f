import Foundation

/// One word, one meaning: the vocabulary, and the names that keep to it.
struct VocabularyRules {
  /// Last words of names of types that are terms of Swift or of every operating system.
  static let standard: Set<String> = [
    "app", "bytes", "client", "clock", "code", "configuration", "environment", "error", "framing",
    "id", "initializer", "iterator", "kind", "limit", "line", "missing", "mode", "option", "reason",
    "usage",
  ]

  /// The words with their lines, in the order of the document.
  private let rows: [(word: String, meaning: String, line: Int)]
  /// The words that are not used, with those that are used in their place.
  private let replaced: [String: String]
  private let path: String

  /// Reads the two tables of the vocabulary.
  init(_ file: SourceFile) {
    path = file.path
    var rows: [(word: String, meaning: String, line: Int)] = []
    var replaced: [String: String] = [:]
    for (index, line) in file.lines.enumerated() where line.hasPrefix("| ") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      switch cells.count {
      case 3 where cells[0] != "word": rows.append((cells[0], cells[1], index + 1))
      case 2 where cells[0] != "not": replaced[cells[0]] = cells[1]
      default: break
      }
    }
    self.rows = rows
    self.replaced = replaced
  }

  var wordCount: Int { rows.count }

  /// Rows that give a word a second time, or a second meaning, and words that are not used all the
  /// same.
  var violations: [Violation] {
    var seen: Set<String> = []
    return rows.compactMap { row in
      let reason: String?
      if !seen.insert(row.word).inserted {
        reason = "'\(row.word)' has two rows"
      } else if row.meaning.range(of: #"\balso\b|[.;] (As|Of|On|In) "#, options: .regularExpression)
        != nil
      {
        reason = "'\(row.word)' has two meanings"
      } else if let better = replaced[row.word] {
        reason = "'\(row.word)' is not used, but \(better)"
      } else {
        reason = nil
      }
      return reason.map { Violation(path: path, line: row.line, reason: $0) }
    }
  }

  /// Types whose last word is no term, in the list of the public API, and names with words that are
  /// not used.
  func violations(inAPI file: SourceFile) -> [Violation] {
    let terms = Set(rows.flatMap { [$0.word, String($0.word.split(separator: " ").last ?? "")] })
      .union(Self.standard)
    return file.lines.enumerated().flatMap { index, line -> [Violation] in
      var reasons = unused(in: Self.words(of: line))
      if line.hasPrefix("### "), let type = line.dropFirst(4).split(separator: ".").last {
        let noun = Self.words(of: type.prefix { $0 != "<" }).last ?? ""
        let forms = [noun, Self.withoutEnding("s", noun), Self.withoutEnding("es", noun)]
        let isTerm =
          forms.contains(where: terms.contains)
          || terms.contains(Self.withoutEnding("ies", noun) + "y")
        if !isTerm { reasons.append("'\(noun)' of \(type) is no word of the vocabulary") }
      }
      return reasons.map { Violation(path: file.path, line: index + 1, reason: $0) }
    }
  }

  /// Headings of a document, and texts in the code of the tool, with words that are not used.
  func violations(inTextsOf file: SourceFile) -> [Violation] {
    let numbered: [(Int, Substring)] =
      file.isSwift
      ? file.lines.enumerated().map { index, line in
        let pieces = line.split(separator: "\"", omittingEmptySubsequences: false)
        let texts = pieces.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        return (index + 1, texts.joined(separator: " ")[...])
      } : DocumentRules.prose(of: file).filter { $0.1.hasPrefix("#") }
    return numbered.flatMap { number, text in
      unused(in: Self.words(of: text)).map {
        Violation(path: file.path, line: number, reason: $0)
      }
    }
  }

  private func unused(in words: [String]) -> [String] {
    words.compactMap { word in
      let singular = replaced[word] == nil ? Self.withoutEnding("s", word) : word
      return replaced[singular].map { "'\(singular)' is not used, but \($0)" }
    }
  }

  /// The words of a text, those within names in the notation of Swift as well, in small letters.
  static func words(of text: some StringProtocol) -> [String] {
    let spaced = String(text).replacingOccurrences(
      of: "([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", with: "$1$3 $2$4", options: .regularExpression)
    return spaced.split { !$0.isLetter }.map { $0.lowercased() }
  }

  private static func withoutEnding(_ ending: String, _ word: String) -> String {
    word.hasSuffix(ending) ? String(word.dropLast(ending.count)) : word
  }
}
