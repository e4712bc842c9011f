internal import ProcessTreeBase

/// Lines of a table for a terminal.
enum TextColumns {
  /// The rows below their heads, each column as wide as its widest cell.
  static func text(_ heads: [String], _ rows: [[String]]) -> String {
    let all = [heads] + rows
    let lengths = all.map { row in row.map(\.count) }
    let widths = heads.indices.map { column in lengths.map { $0[column] }.max() ?? 0 }
    let space = UInt8(ascii: " ")
    var text: [UInt8] = []
    for (number, (row, lengths)) in zip(all, lengths).enumerated() {
      if number > 0 { text.append(UInt8(ascii: "\n")) }
      for column in row.indices {
        text += row[column].utf8
        text += repeatElement(space, count: widths[column] - lengths[column] + 2)
      }
      while text.last == space { text.removeLast() }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// A text from another process without what a terminal would obey, cut where it is too long.
  static func harmless(_ text: String, longest: Int) -> String {
    if text.utf8.count <= longest, !holdsControls(text) { return text }
    let visible = text.unicodeScalars.map { scalar in
      scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : Character(scalar)
    }
    return visible.count > longest ? String(visible.prefix(longest - 1)) + "…" : String(visible)
  }

  private static func holdsControls(_ text: String) -> Bool {
    var before: UInt8 = 0
    for byte in text.utf8 {
      // U+0080 to U+009F have two bytes, of which the first is C2.
      if byte < 0x20 || byte == 0x7F || before == 0xC2 && byte < 0xA0 { return true }
      before = byte
    }
    return false
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
