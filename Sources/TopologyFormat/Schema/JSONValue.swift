/// A JSON document whose keys keep their order.
package indirect enum JSONValue: Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([(String, JSONValue)])

  /// The document as text, in lines.
  package var text: String {
    var text = ""
    write(into: &text, indent: "")
    return text + "\n"
  }

  /// The document on one line.
  package var line: String {
    var text = ""
    write(into: &text, indent: nil)
    return text + "\n"
  }

  private func write(into text: inout String, indent: String?) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value):
      text += value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    case .text(let value): Self.write(value, into: &text)
    case .list(let values):
      Self.write(values, "[", "]", into: &text, indent) { value, text, indent in
        value.write(into: &text, indent: indent)
      }
    case .object(let entries):
      Self.write(entries, "{", "}", into: &text, indent) { entry, text, indent in
        Self.write(entry.0, into: &text)
        text += indent == nil ? ":" : ": "
        entry.1.write(into: &text, indent: indent)
      }
    }
  }

  private static func write<Element>(
    _ elements: [Element], _ opening: String, _ closing: String, into text: inout String,
    _ indent: String?, _ body: (Element, inout String, String?) -> Void
  ) {
    text += opening
    let inner = indent.map { $0 + " " }
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      if let inner { text += "\n" + inner }
      body(element, &text, inner)
    }
    if let indent, !elements.isEmpty { text += "\n" + indent }
    text += closing
  }

  /// Whether a byte stands in a text as it is.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  private static func write(_ value: String, into text: inout String) {
    text += "\""
    defer { text += "\"" }
    if value.utf8.allSatisfy(isPlain) {
      text += value
      return
    }
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      case let control where control.value < 0x20:
        let digits = String(control.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}
