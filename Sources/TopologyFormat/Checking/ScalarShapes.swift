/// Why a scalar is not what its place asks for.
struct ScalarRefusal {
  var code: Diagnostic.Code
  /// The expected value, or the whole message.
  var expected: String
  var isWhole = false

  func message(_ subject: String, _ given: String) -> String {
    isWhole ? expected : "\(subject) is \(expected); here is \(given)."
  }
}

extension Shape {
  /// Whether text may stand here of which a part is known at the start of a process only.
  var takesLateText: Bool {
    if case .text(let rule) = self { [.any, .record, .port].contains(rule) } else { false }
  }

  /// Why a scalar whose text is known may not stand here; nil if it may.
  func refusal(of scalar: Scalar) -> ScalarRefusal? {
    let text = scalar.constant ?? ""
    switch self {
    case .text(.version): return nil
    case .text(.port): return Self.portRefusal(scalar)
    case .text(let rule):
      return rule.refusal(of: text).map {
        ScalarRefusal(
          code: rule == .name || rule == .variableName ? .invalidName : .wrongValue,
          expected: "\(scalar.quotation) does not fit: \($0).", isWhole: true)
      }
    case .word(let words): return Self.wordRefusal(text, words)
    case .boolean:
      if scalar.isPlain, text == "true" || text == "false" { return nil }
      return ScalarRefusal(
        code: .wrongType,
        expected: "a truth value: write true or false" + Self.withoutQuotes(text, scalar))
    case .yes:
      return scalar.isPlain && text == "true"
        ? nil
        : ScalarRefusal(
          code: .wrongType, expected: "true" + Self.withoutQuotes(text, scalar))
    case .integer(let range):
      guard let value = scalar.integer else {
        return ScalarRefusal(code: .wrongType, expected: Self.inWords(range))
      }
      return range.contains(value)
        ? nil : ScalarRefusal(code: .wrongValue, expected: Self.inWords(range))
    case .number(let range):
      guard let value = scalar.number, range.contains(value) else {
        return ScalarRefusal(
          code: .wrongValue, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
      }
      return nil
    case .time: return Self.timeRefusal(text)
    case .size:
      return Quantity.size(scalar) == nil
        ? ScalarRefusal(
          code: .wrongValue, expected: "a number, or one with a unit: 64MiB, 10KiB, 2GiB")
        : nil
    case .list, .map, .object, .named, .either, .anything: return nil
    }
  }

  private static func withoutQuotes(_ text: String, _ scalar: Scalar) -> String {
    !scalar.isPlain && ["true", "false"].contains(text) ? ", without quotes" : ""
  }

  private static func portRefusal(_ scalar: Scalar) -> ScalarRefusal? {
    PortPlan(scalar.constant ?? "") == nil
      ? ScalarRefusal(
        code: .wrongValue,
        expected: "a number from 1 to 65535, HOST:NUMBER, or the path of a socket")
      : nil
  }

  private static func wordRefusal(_ text: String, _ words: [String]) -> ScalarRefusal? {
    guard !words.contains(text) else { return nil }
    let nearest = Nearest.word(to: text, among: words)
    return ScalarRefusal(
      code: .wrongValue,
      expected: ShapeChecker.alternatives(words)
        + (nearest.map { " (did you mean '\($0)'?)" } ?? ""))
  }

  private static func timeRefusal(_ text: String) -> ScalarRefusal? {
    guard Quantity.time(text) == nil else { return nil }
    guard Double(text) != nil, !text.hasPrefix("-") else {
      return ScalarRefusal(code: .wrongValue, expected: "a time such as 500ms, 10s or 1m30s")
    }
    return ScalarRefusal(
      code: .wrongValue, expected: "a time has a unit: write \(text)s, \(text)m or \(text)ms.",
      isWhole: true)
  }

  static func inWords(_ range: ClosedRange<Int>) -> String {
    "a whole number from \(range.lowerBound) to \(range.upperBound)"
  }
}

extension ShapeChecker {
  /// What a shape asks for, in words.
  static func inWords(_ shape: Shape) -> String {
    switch shape {
    case .text: "text"
    case .word(let words): alternatives(words)
    case .boolean: "a truth value: write true or false"
    case .yes: "true"
    case .integer(let range): Shape.inWords(range)
    case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
    case .time: "a time such as 10s"
    case .size: "a size such as 64MiB"
    case .list: "a list"
    case .map, .object: "a map"
    case .named, .either, .anything: "another value"
    }
  }

  static func alternatives(_ words: [String]) -> String {
    words.count == 1
      ? "'\(words[0])'"
      : words.dropLast().map { "'\($0)'" }.joined(separator: ", ")
        + " or '\(words[words.count - 1])'"
  }
}
