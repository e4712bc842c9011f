internal import Foundation
internal import ProcessTreeBase

/// A JSON object in one line, with its keys in the order in which they were added.
struct JSONLine {
  private var body = ""

  /// The object with the end of its line.
  var text: String { "{\(body)}\n" }

  mutating func add(_ key: String, _ value: String?) {
    add(key, literal: value.map(Self.quoted) ?? "null")
  }

  mutating func add(_ key: String, _ value: (some BinaryInteger)?) {
    add(key, literal: value.map { "\($0)" } ?? "null")
  }

  /// Adds a duration in seconds, to the microsecond.
  mutating func add(_ key: String, _ value: Duration) {
    add(key, literal: "\(Double(value.wholeMicroseconds) / 1e6)")
  }

  private mutating func add(_ key: String, literal: String) {
    if !body.isEmpty { body += "," }
    body += "\(Self.quoted(key)):\(literal)"
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\n": quoted += "\\n"
      case "\u{0}"..<"\u{20}", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

/// A value as one line of JSON, always with the same order of keys.
func jsonDocument(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
}
