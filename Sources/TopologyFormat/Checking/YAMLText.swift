/// A value as YAML, in which every text is one.
package struct YAMLText {
  /// The files whose lines are named behind values; nil for none.
  private let origins: [SourceFile]?

  /// The text of a checked file: one document, without secrets.
  ///
  /// - Parameter origins: The files of the document, to name behind each value where it stands.
  package static func text(of value: Value, origins: [SourceFile]? = nil) -> String {
    var lines: [String] = []
    YAMLText(origins: origins).write(value, indent: 0, into: &lines)
    return lines.joined(separator: "\n") + "\n"
  }

  /// The file and the line of a value, as a comment.
  private func origin(_ value: Value) -> String {
    guard let origins, origins.indices.contains(value.place.file) else { return "" }
    return "  # \(origins[value.place.file].name):\(value.place.line)"
  }

  private func write(_ value: Value, indent: Int, into lines: inout [String]) {
    let margin = String(repeating: " ", count: indent)
    switch value.content {
    case .map(let entries):
      for entry in entries {
        let key = margin + Self.quoted(entry.key, isPlain: true) + ":"
        if let simple = Self.simple(entry.value) {
          lines.append(key + " " + simple + origin(entry.value))
        } else {
          lines.append(key)
          write(entry.value, indent: indent + 2, into: &lines)
        }
      }
    case .list(let values):
      for value in values {
        if let simple = Self.simple(value) {
          lines.append(margin + "- " + simple + origin(value))
        } else {
          var inner: [String] = []
          write(value, indent: indent + 2, into: &inner)
          let first = inner.first?.dropFirst(indent + 2) ?? ""
          lines.append(margin + "- " + first)
          lines += inner.dropFirst()
        }
      }
    default: lines.append(margin + (Self.simple(value) ?? "") + origin(value))
    }
  }

  /// The text of what stands on one line; nil for the rest.
  private static func simple(_ value: Value) -> String? {
    switch value.content {
    case .nothing: return "null"
    case .scalar(let scalar):
      if scalar.isSecret { return "\"•••\"" }
      let escaped = Scalar(
        pieces: scalar.pieces.map { piece in
          guard case .text(let text) = piece else { return piece }
          return .text(text.replacing("${{", with: "$${{"))
        }, isPlain: scalar.isPlain)
      return quoted(escaped.description, isPlain: scalar.isPlain)
    case .list(let values):
      if values.isEmpty { return "[]" }
      let texts = values.map { $0.list == nil && $0.entries == nil ? simple($0) : nil }
      let line = "[" + texts.compactMap { $0 }.joined(separator: ", ") + "]"
      return texts.allSatisfy { $0 != nil } && line.count <= 100 ? line : nil
    case .map(let entries): return entries.isEmpty ? "{}" : nil
    }
  }

  private static func quoted(_ text: String, isPlain: Bool) -> String {
    let isSimple =
      !text.isEmpty
      && text.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
          || byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      } && text.first != "-" && text.first != "."
    let isOther =
      ["null", "Null", "NULL", "true", "false"].contains(text) || text.first?.isNumber == true
    if isSimple, isPlain || !isOther { return text }
    if isSimple, text.lowercased() != text, isPlain { return text }
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case let other
      where other.value < 0x20 || (0x7F...0x9F).contains(other.value)
        || [0x2028, 0x2029, 0xFEFF].contains(other.value):
        let digits = String(other.value, radix: 16, uppercase: true)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
