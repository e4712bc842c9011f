internal import ProcessTreeBase

/// Times and sizes as text with their units.
package enum Quantity {
  /// A time such as `10s`, `500ms`, `1m30s`; nil for text that is none.
  package static func time(_ text: String) -> Duration? {
    var rest = Substring(text)
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
      guard let number = Double(digits), digits.last != ".", digits.first != "." else {
        return nil
      }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isLetter }
      guard let seconds = seconds[String(unit)] else { return nil }
      rest = rest.dropFirst(unit.count)
      total += number * seconds
    }
    guard total <= 86_400 * 36_500 else { return nil }
    return .milliseconds(Int64((total * 1_000).rounded()))
  }

  private static let seconds: [String: Double] = [
    "ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400,
  ]

  /// A size such as `1024` or `64MiB`; nil for text that is none.
  package static func size(_ scalar: Scalar) -> Int? {
    if let integer = scalar.integer { return integer >= 0 ? integer : nil }
    guard let text = scalar.constant else { return nil }
    let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    guard let number = Double(digits), let unit = bytes[String(text.dropFirst(digits.count))],
      number * unit <= 9e15, digits.first != ".", digits.last != "."
    else { return nil }
    return Int(number * unit)
  }

  private static let bytes: [String: Double] = [
    "B": 1, "KiB": 1_024, "MiB": 1_048_576, "GiB": 1_073_741_824,
  ]

  /// A time as it stands in a file.
  package static func text(_ time: Duration) -> String {
    let milliseconds = time.wholeMilliseconds
    return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
  }
}
