/// Diagnostics as lines for people: the place, the line itself, and a caret below it.
package struct DiagnosticText {
  private let files: [SourceFile]
  private var secrets: [[Unicode.Scalar]] = []
  /// From which column on lines with secrets are not shown.
  private var hidden: [Place: Int] = [:]
  /// The columns of a line that are shown, where others are not.
  private var shownParts: [Place: Range<Int>] = [:]
  /// How much of a long line is shown.
  private static let width = 160

  package init(_ files: [SourceFile]) { self.files = files }

  /// The lines of some diagnostics, as many as are shown at once.
  package func text(of diagnostics: Diagnostics) -> String {
    guard !diagnostics.all.isEmpty else { return "" }
    var writer = self
    writer.secrets = Self.scalars(of: diagnostics.secrets)
    writer.shownParts = diagnostics.shownParts
    for place in diagnostics.placesOfSecrets {
      let line = Place(file: place.file, line: place.line)
      writer.hidden[line] = min(writer.hidden[line] ?? .max, place.column)
    }
    let sorted = diagnostics.sorted
    var text = sorted.prefix(Diagnostics.most).map(writer.text).joined()
    if sorted.count > Diagnostics.most {
      text += "… and \(sorted.count - Diagnostics.most) more.\n"
    }
    return text
  }

  private func text(of diagnostic: Diagnostic) -> String {
    let place = diagnostic.place
    guard files.indices.contains(place.file) else { return diagnostic.message + "\n" }
    let file = files[place.file]
    let head =
      "\(file.name):\(place.line):\(place.column): \(diagnostic.severity.rawValue): "
      + Self.harmless(
        String(String.UnicodeScalarView(masked(Array(diagnostic.message.unicodeScalars))))) + "\n"
    var line = masked(file.scalars(ofLine: place.line))
    let shown = shownParts[Place(file: place.file, line: place.line)]
    // The key that is wrong is no secret, and all else of its line goes.
    if shown == nil, let column = hidden[Place(file: place.file, line: place.line)],
      column <= line.count
    {
      for index in (column - 1)..<line.count { line[index] = "•" }
    }
    if let shown {
      for index in line.indices where !shown.contains(index) && line[index] != " " {
        line[index] = "•"
      }
    }
    guard !line.isEmpty else { return head }
    return head + excerpt(of: line, diagnostic)
  }

  /// The message of a diagnostic with dots in the places of secrets.
  package static func message(of diagnostic: Diagnostic, in diagnostics: Diagnostics) -> String {
    var writer = Self([])
    writer.secrets = scalars(of: diagnostics.secrets)
    return String(
      String.UnicodeScalarView(writer.masked(Array(diagnostic.message.unicodeScalars))))
  }

  private static func scalars(of secrets: Set<String>) -> [[Unicode.Scalar]] {
    secrets.map { Array($0.unicodeScalars) }.filter { !$0.isEmpty }
  }

  /// Text with dots in the places of secrets.
  private func masked(_ line: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var line = line
    for secret in secrets {
      var start = 0
      while start + secret.count <= line.count {
        if line[start..<(start + secret.count)].elementsEqual(secret) {
          for index in start..<(start + secret.count) { line[index] = "•" }
          start += secret.count
        } else {
          start += 1
        }
      }
    }
    return line
  }

  private func excerpt(of line: [Unicode.Scalar], _ diagnostic: Diagnostic) -> String {
    let place = diagnostic.place
    // Of a long line, the part around the place.
    let start = line.count > Self.width ? max(0, min(place.column - 1, line.count) - 40) : 0
    let shown = line[start..<min(line.count, start + Self.width)].map(Self.harmless)
    let number = String(place.line)
    let margin = String(repeating: " ", count: max(0, 5 - number.count)) + number + " | "
    let blank = String(repeating: " ", count: margin.count - 2) + "| "
    let indent = max(0, place.column - 1 - start)
    let most = max(1, shown.count - indent)
    let caret =
      String(repeating: " ", count: indent) + "^"
      + String(repeating: "~", count: max(0, min(diagnostic.length, most) - 1))
    return margin + shown.joined() + "\n" + blank + caret + "\n"
  }

  /// Text without what a terminal would obey.
  private static func harmless(_ text: String) -> String {
    text.unicodeScalars.map(harmless).joined()
  }

  private static func harmless(_ scalar: Unicode.Scalar) -> String {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format: " "
    default: String(scalar)
    }
  }
}
