/// The words of a report with a number: `STAGE: UNIT, DETAIL`.
///
/// The unit names what the number counts. A number before it, as in `pool: 3 of 8 inputs done`,
/// repeats the one that the report carries.
struct ReportWords {
  /// The word before the colon; nil when there is none.
  let stage: String?
  /// The thing that is counted; empty when the words do not name it.
  let unit: String
  /// The rest of the words.
  let detail: String

  private static let longestStage = 32
  private static let longestUnit = 24

  init(_ message: String) {
    let word = message.prefix { $0 != ":" && $0 != " " }
    let hasStage =
      !word.isEmpty && word.count <= Self.longestStage
      && message.dropFirst(word.count).hasPrefix(": ")
    stage = hasStage ? String(word) : nil
    let rest = hasStage ? message.dropFirst(word.count + 2) : message[...]
    let counted = rest.drop { ("0"..."9").contains($0) }
    let parts = Self.withoutTotal(counted).split(separator: ",", maxSplits: 1)
    let unit = parts.first.map { $0.trimmingSpaces } ?? ""
    // Free words without a stage or a number are no unit.
    let isUnit = (hasStage || counted.count < rest.count) && unit.count <= Self.longestUnit
    self.unit = isUnit ? unit : ""
    detail = isUnit && parts.count > 1 ? parts[1].trimmingSpaces : ""
  }

  /// ` of 8 inputs` without its first two words.
  private static func withoutTotal(_ text: Substring) -> Substring {
    guard text.hasPrefix(" of ") else { return text }
    let rest = text.dropFirst(4)
    let unit = rest.drop { ("0"..."9").contains($0) }
    return unit.count < rest.count ? unit : text
  }
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
