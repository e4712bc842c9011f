/// Where something stands: a file, and a line and a column from 1 on.
package struct Place: Hashable, Comparable, Sendable, Codable {
  /// The number of the file among those that were read.
  package var file: Int
  package var line: Int
  package var column: Int

  package init(file: Int = 0, line: Int = 1, column: Int = 1) {
    self.file = file
    self.line = line
    self.column = column
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.file, left.line, left.column) < (right.file, right.line, right.column)
  }
}

/// A file that was read.
package struct SourceFile: Sendable {
  /// Its path; `-` for standard input.
  package let path: String
  /// What it is called in messages.
  package var name: String { path == "-" ? "standard input" : path }
  /// The directory from which paths in it count.
  package let directory: String
  package let text: String
  /// Which file it was when it was read; nil for standard input.
  package let identity: FileIdentity?
  private let lines: [Substring.UnicodeScalarView]

  package init(path: String, directory: String, text: String, identity: FileIdentity? = nil) {
    self.path = path
    self.directory = directory
    self.text = text
    self.identity = identity
    lines = Self.lines(of: text)
  }

  /// The lines as the YAML reader counts them.
  private static func lines(of text: String) -> [Substring.UnicodeScalarView] {
    let scalars = text.unicodeScalars[...]
    var lines: [Substring.UnicodeScalarView] = []
    var start = scalars.startIndex
    var index = start
    while index < scalars.endIndex {
      let next = scalars.index(after: index)
      let isBreak =
        switch scalars[index] {
        case "\n", "\u{85}", "\u{2028}", "\u{2029}": true
        case "\r": !(next < scalars.endIndex && scalars[next] == "\n")
        default: false
        }
      if isBreak {
        lines.append(scalars[start..<index])
        start = next
      }
      index = next
    }
    lines.append(scalars[start...])
    return lines
  }

  /// A line by its number, from 1 on.
  package func line(_ number: Int) -> Substring {
    lines.indices.contains(number - 1) ? Substring(lines[number - 1]) : ""
  }

  /// Whether it has, or may have, texts that are not shown.
  var mentionsSecrets: Bool { text.contains("secret") }

  package var lineCount: Int { lines.count }

  /// The characters of a line as the YAML reader counts them.
  func scalars(ofLine number: Int) -> [Unicode.Scalar] {
    lines.indices.contains(number - 1) ? Array(lines[number - 1]) : []
  }
}
