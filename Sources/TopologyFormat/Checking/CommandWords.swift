/// What to write where somebody wrote a command as one text in place of a list.
enum CommandWords {
  /// How many words a message shows, of a text of how many bytes.
  private static let most = 12
  private static let mostBytes = 500

  static func listWanted(_ key: String, _ scalar: Scalar) -> String {
    let start = "'\(key)' is a list: the executable, then its arguments."
    let text = scalar.description
    guard text.utf8.count <= mostBytes else { return start }
    guard let words = words(of: text), words.first?.contains("=") != true else {
      return start
        + (key == "command" ? " Use 'shell' for what a shell has to read." : "")
    }
    guard !words.isEmpty, words.count <= most else { return start }
    return start + " Write [" + words.map(quoted).joined(separator: ", ") + "]"
      + (key == "command" ? ", or use 'shell'." : ".")
  }

  /// The words as a shell would divide them; nil for text that only a shell can read.
  private static func words(of text: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = text[...]
    while let letter = rest.first {
      if rest.hasPrefix("${{"), let end = rest.firstRange(of: "}}") {
        word = (word ?? "") + rest[..<end.upperBound]
        rest = rest[end.upperBound...]
        continue
      }
      rest = rest.dropFirst()
      switch letter {
      case quote: quote = nil
      case "'" where quote == nil, "\"" where quote == nil:
        quote = letter
        word = word ?? ""
      case "\\" where quote != "'", "$" where quote != "'", "`" where quote != "'": return nil
      case _ where quote != nil: word = (word ?? "") + String(letter)
      case _ where letter.isNewline || "|&;<>()*?[]~#!".contains(letter): return nil
      case _ where letter.isWhitespace:
        if let word { words.append(word) }
        word = nil
      default: word = (word ?? "") + String(letter)
      }
    }
    guard quote == nil else { return nil }
    return words + (word.map { [$0] } ?? [])
  }

  private static func quoted(_ word: String) -> String {
    let isSafe = word.first?.isLetter == true || "./-".contains(word.first ?? " ")
    let isPlain =
      isSafe && !word.contains { $0.isWhitespace || ",[]{}:#'\"\\&*!|>%@`".contains($0) }
    guard !isPlain || ["true", "false", "null"].contains(word) else { return word }
    return "\"\(word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }
}
