internal import ProcessTreeBase

/// Times and sizes as text with their units.
package enum Quantity {
  /// A time such as `10s`, `500ms`, `1m30s`; nil for text that is none.
  package static func time(_ text: String) -> Duration? {
    var text = text
    return text.withUTF8(time)
  }

  private static func time(_ text: UnsafeBufferPointer<UInt8>) -> Duration? {
    var total = 0.0
    var index = 0
    repeat {
      let start = index
      while index < text.count, isPartOfNumber(text[index]) { index += 1 }
      let numberEnd = index
      while index < text.count, !isPartOfNumber(text[index]) { index += 1 }
      guard let number = number(text[start..<numberEnd]),
        let seconds = seconds(text[numberEnd..<index])
      else { return nil }
      total += number * seconds
    } while index < text.count
    guard total <= 86_400 * 36_500 else { return nil }
    return .milliseconds(Int64((total * 1_000).rounded()))
  }

  private static func isPartOfNumber(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
  }

  private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
    let point = UInt8(ascii: ".")
    guard let first = digits.first, first != point, digits.last != point else { return nil }
    return Double(String(decoding: digits, as: UTF8.self))
  }

  private static func seconds(_ unit: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
    switch (unit.count, unit.first, unit.last) {
    case (2, UInt8(ascii: "m"), UInt8(ascii: "s")): 0.001
    case (1, UInt8(ascii: "s"), _): 1
    case (1, UInt8(ascii: "m"), _): 60
    case (1, UInt8(ascii: "h"), _): 3_600
    case (1, UInt8(ascii: "d"), _): 86_400
    default: nil
    }
  }

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
