/// The fields that comments of public declarations must have.
enum DocumentationRules {
  /// Public functions, initialisers, subscripts and properties that throw, and whose comments do
  /// not name the errors in a field.
  static func withoutErrors(in files: [SourceFile]) -> [Violation] {
    files.flatMap { file -> [Violation] in
      var isInProtocol = false
      let lines = file.lines.map { $0.drop(while: \.isWhitespace) }
      return zip(file.lines, lines.indices).compactMap { whole, index in
        // Requirements of a public protocol are public without the word.
        if whole.hasPrefix("public protocol ") { isInProtocol = true }
        if whole == "}" { isInProtocol = false }
        guard isPublic(lines[index], inProtocol: isInProtocol), throwsErrors(lines[index...]) else {
          return nil
        }
        let comment = lines[..<index].reversed().prefix { $0.hasPrefix("///") || $0.hasPrefix("@") }
        guard !comment.contains(where: { $0.hasPrefix("/// - Throws: ") }) else { return nil }
        return Violation(
          path: file.path, line: index + 1, reason: "no `- Throws:` for \(lines[index])")
      }
    }
  }

  private static let kinds: Set<Substring> = ["func", "init", "subscript", "var"]

  /// Whether a line begins a declaration of such a kind that other modules see.
  private static func isPublic(_ line: Substring, inProtocol: Bool) -> Bool {
    guard !line.hasPrefix("//") else { return false }
    let words = words(of: line)
    guard let kind = words.firstIndex(where: kinds.contains) else { return false }
    return inProtocol || words[..<kind].contains { $0 == "public" || $0 == "open" }
  }

  /// Whether the signature that these lines begin with, or the getter behind it, throws.
  private static func throwsErrors(_ lines: ArraySlice<Substring>) -> Bool {
    // Closures among the parameters may throw without the function doing so.
    let (signature, rest) = signature(of: lines)
    let words = words(of: signature[...])
    let kind = words.first(where: kinds.contains)
    guard kind == "var" || kind == "subscript" else { return words.contains("throws") }
    guard let getter = rest.first else { return false }
    let accessor = signature.hasSuffix("{") ? getter : signature.drop { $0 != "{" }
    return Self.words(of: accessor).starts(with: ["get", "async", "throws"])
      || Self.words(of: accessor).starts(with: ["get", "throws"])
  }

  private static let continuations = ["where ", "-> ", "async ", "throws", "{"]

  /// A signature up to its brace without the parts in brackets, and the lines behind it.
  private static func signature(
    of lines: ArraySlice<Substring>
  ) -> (text: String, rest: ArraySlice<Substring>) {
    var depth = 0
    var text = ""
    for (index, line) in zip(lines.indices, lines) {
      var last: Character = " "
      for character in line {
        switch character {
        case "(", "[", "<": depth += 1
        case ")", "]": depth -= 1
        case ">" where last != "-": depth -= 1
        default: if depth == 0 { text.append(character) }
        }
        last = character
      }
      let rest = lines[(index + 1)...]
      if text.contains("{") { return (text, rest) }
      let goesOn = rest.first.map { next in continuations.contains { next.hasPrefix($0) } } ?? false
      if depth <= 0, !goesOn { return (text, rest) }
      text.append(" ")
    }
    return (text, [])
  }

  private static func words(of text: Substring) -> [Substring] {
    text.split { !$0.isLetter }
  }
}
