/// The rules for documents: their links lead somewhere, their code exists.
enum DocumentRules {
  /// A fenced block of code.
  struct CodeBlock: Equatable {
    let language: String
    let lines: [String]
    /// The line of the opening fence.
    let line: Int
  }

  /// The relative links of a document that lead nowhere.
  static func brokenLinks(
    in file: SourceFile, exists: (_ path: String) -> Bool
  ) -> [Violation] {
    prose(of: file).flatMap { number, text in
      links(in: text).compactMap { link -> Violation? in
        let path = link.prefix { $0 != "#" && $0 != "?" }
        let isElsewhere = link.contains("://") || link.hasPrefix("mailto:")
        guard !isElsewhere, !path.isEmpty else { return nil }
        guard !exists(resolved(String(path), from: file.path)) else { return nil }
        return Violation(path: file.path, line: number, reason: "the link to \(link) is broken")
      }
    }
  }

  /// The Swift blocks whose lines do not stand, in this order, in one of the given files.
  ///
  /// A first line such as `// Examples/Hello.swift` names the file; else any will do. Indentation
  /// does not count.
  static func inventedCode(in file: SourceFile, sources: [SourceFile]) -> [Violation] {
    codeBlocks(of: file).filter { $0.language == "swift" }.compactMap { block in
      var lines = block.lines.map(trimmed).filter { !$0.isEmpty }
      var candidates = sources
      var place = "any example"
      if let first = lines.first, first.hasPrefix("// "), first.hasSuffix(".swift") {
        place = String(first.dropFirst(3))
        candidates = sources.filter { $0.path == place }
        lines.removeFirst()
      }
      let isThere = candidates.contains { source in
        let all = source.lines.map { trimmed(String($0)) }.filter { !$0.isEmpty }
        return all.indices.contains { all[$0...].starts(with: lines) }
      }
      guard !isThere else { return nil }
      return Violation(path: file.path, line: block.line, reason: "this code is not in \(place)")
    }
  }

  /// The blocks of code of a document.
  static func codeBlocks(of file: SourceFile) -> [CodeBlock] {
    var blocks: [CodeBlock] = []
    var open: (language: String, line: Int)?
    var lines: [String] = []
    for (index, text) in file.lines.enumerated() {
      let line = trimmed(String(text))
      if !line.hasPrefix("```") {
        if open != nil { lines.append(String(text)) }
      } else if let (language, number) = open {
        blocks.append(CodeBlock(language: language, lines: lines, line: number))
        open = nil
      } else {
        let language = line.drop { $0 == "`" }.prefix { $0 != " " && $0 != "," }
        open = (language.lowercased(), index + 1)
        lines = []
      }
    }
    return blocks
  }

  /// The names in the columns headed `test` that no word of the tests is.
  static func unknownTests(in file: SourceFile, words: Set<Substring>) -> [Violation] {
    var column: Int?
    var isInTable = false
    return prose(of: file).flatMap { number, line -> [Violation] in
      guard line.hasPrefix("|") else {
        isInTable = false
        return []
      }
      // A bar that is a part of a cell would be in code.
      let cells = line.split(separator: "|", omittingEmptySubsequences: false)
      if !isInTable {
        isInTable = true
        column = cells.firstIndex { trimmed(String($0)) == "test" }
        return []
      }
      guard let column, cells.indices.contains(column) else { return [] }
      let quoted = cells[column].split(separator: "`", omittingEmptySubsequences: false)
      return stride(from: 1, to: quoted.count, by: 2).map { quoted[$0] }.compactMap { name in
        words.contains(name)
          ? nil : Violation(path: file.path, line: number, reason: "there is no test \(name)")
      }
    }
  }

  /// The names in a document's code that no word of the sources is.
  ///
  /// Names have capital and small letters. The code is that within lines, and that of blocks
  /// without a language, which are diagrams.
  static func unknownNames(in file: SourceFile, words: Set<Substring>) -> [Violation] {
    let diagrams = codeBlocks(of: file).filter(\.language.isEmpty).flatMap { block in
      block.lines.enumerated().map { (block.line + 1 + $0.offset, $0.element[...]) }
    }
    let inline = prose(of: file).flatMap { number, text in
      let pieces = text.split(separator: "`", omittingEmptySubsequences: false)
      return stride(from: 1, to: pieces.count, by: 2).map { (number, pieces[$0]) }
    }
    return (diagrams + inline).sorted { $0.0 < $1.0 }.flatMap { number, code in
      code.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.filter { name in
        name.contains(where: \.isUppercase) && name.contains(where: \.isLowercase)
          && !words.contains(name)
      }.map { Violation(path: file.path, line: number, reason: "nothing is called \($0)") }
    }
  }

  /// The numbered lines outside of blocks of code.
  static func prose(of file: SourceFile) -> [(Int, Substring)] {
    var isInCode = false
    return file.lines.enumerated().compactMap { index, text in
      if trimmed(String(text)).hasPrefix("```") {
        isInCode.toggle()
        return nil
      }
      return isInCode ? nil : (index + 1, text)
    }
  }

  /// What stands in the round brackets after `]`, and after the colon of `[name]: place`.
  private static func links(in text: Substring) -> [String] {
    // Code within a line is not a link.
    let pieces = text.split(separator: "`", omittingEmptySubsequences: false)
    let prose = pieces.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
      .joined(separator: "`")
    let inline = prose.split(separator: "](", omittingEmptySubsequences: false).dropFirst()
      .compactMap { $0.split(separator: ")", omittingEmptySubsequences: false).first }
    let reference =
      prose.hasPrefix("[") ? prose.split(separator: "]: ", maxSplits: 1).dropFirst().last : nil
    return (inline + (reference.map { [$0] } ?? [])).map {
      // A title may follow the place.
      String($0.split(separator: " ").first ?? "").filter { $0 != "<" && $0 != ">" }
    }
  }

  /// A link's path from the root, with `.` and `..` worked out.
  private static func resolved(_ link: String, from document: String) -> String {
    var parts = link.hasPrefix("/") ? [] : document.split(separator: "/").dropLast()
    for part in link.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(part)
      } else if parts.popLast() == nil {
        // Above the root: nothing that a reader of the package has.
        return "\0"
      }
    }
    return parts.joined(separator: "/")
  }

  private static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
