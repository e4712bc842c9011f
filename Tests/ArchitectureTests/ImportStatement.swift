/// One `import` of a Swift file.
struct ImportStatement: Equatable {
  let module: String
  let isPublic: Bool
  let attributes: [String]
  let line: Int

  private static let levels: Set<Substring> = [
    "public", "package", "internal", "fileprivate", "private",
  ]
  private static let kinds: Set<Substring> = [
    "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
  ]

  /// Reads one line; nil when it is not an import.
  init?(_ text: Substring, line: Int) {
    let code = text.prefix { $0 != ";" }
    var words = code.split { $0 == " " || $0 == "\t" || $0 == "\r" }[...]
    var attributes: [String] = []
    while let word = words.first, word.hasPrefix("@") {
      attributes.append(String(word))
      words.removeFirst()
    }
    var level: Substring?
    if let word = words.first, Self.levels.contains(word) { level = words.removeFirst() }
    guard words.first == "import" else { return nil }
    words.removeFirst()
    if let word = words.first, Self.kinds.contains(word) { words.removeFirst() }
    guard let path = words.first, let module = path.split(separator: ".").first else { return nil }
    self.module = module.filter { $0 != "`" }
    isPublic = level == "public"
    self.attributes = attributes
    self.line = line
  }

  /// The imports of a file, without what stands in multi-line strings.
  static func all(in file: SourceFile) -> [Self] {
    var isInString = false
    return file.lines.enumerated().flatMap { index, text -> [Self] in
      let wasInString = isInString
      if text.count(of: "\"\"\"") % 2 == 1 { isInString.toggle() }
      guard !wasInString else { return [] }
      // Several statements may stand in one line.
      return text.split(separator: ";").compactMap { Self($0, line: index + 1) }
    }
  }
}

extension Substring {
  fileprivate func count(of text: String) -> Int { components(separatedBy: text) - 1 }

  private func components(separatedBy text: String) -> Int {
    split(separator: text, omittingEmptySubsequences: false).count
  }
}
