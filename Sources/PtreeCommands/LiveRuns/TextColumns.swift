internal import ProcessTreeBase

/// Lines of a table for a terminal.
enum TextColumns {
  /// The rows below their heads, each column as wide as its widest cell.
  static func text(_ heads: [String], _ rows: [[String]]) -> String {
    let all = [heads] + rows
    let lengths = all.map { row in row.map(\.count) }
    let widths = heads.indices.map { column in lengths.map { $0[column] }.max() ?? 0 }
    let spaces = String(repeating: " ", count: (widths.max() ?? 0) + 2)
    return zip(all, lengths).map { row, lengths in
      var line = ""
      for column in row.indices {
        line += row[column]
        line += spaces.prefix(widths[column] - lengths[column] + 2)
      }
      return line.lastIndex { $0 != " " }.map { String(line[...$0]) } ?? ""
    }.joined(separator: "\n")
  }

  /// A text from another process without what a terminal would obey, cut where it is too long.
  static func harmless(_ text: String, longest: Int) -> String {
    if text.utf8.count <= longest, text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) {
      return text
    }
    let visible = text.unicodeScalars.map { scalar in
      scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : Character(scalar)
    }
    return visible.count > longest ? String(visible.prefix(longest - 1)) + "…" : String(visible)
  }
}

/// How long something has lasted, in two units at most.
enum AgeText {
  static func text(_ age: Duration) -> String {
    let seconds = max(0, age.wholeMilliseconds / 1_000)
    return switch seconds {
    case ..<60: "\(seconds)s"
    case ..<3_600: "\(seconds / 60)m\(seconds % 60)s"
    case ..<86_400: "\(seconds / 3_600)h\(seconds / 60 % 60)m"
    default: "\(seconds / 86_400)d\(seconds / 3_600 % 24)h"
    }
  }
}
