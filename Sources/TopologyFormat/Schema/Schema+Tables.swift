extension Schema {
  /// The tables of the documentation: one for each kind of object.
  package var tables: String { objects.map(Self.table).joined(separator: "\n") }

  private static func table(_ object: ObjectShape) -> String {
    var text = "### \(heading(object))\n\n"
    if !object.exactlyOne.isEmpty {
      let names = object.exactlyOne.map { "`\($0)`" }
      text += "Exactly one of \(ShapeChecker.list(names)) stands in it.\n\n"
    }
    text += "| key | value | says | without it |\n|---|---|---|---|\n"
    for key in object.keys {
      let summary = key.summary.replacing("|", with: "\\|")
      let kinds = key.kinds.map { kinds in
        " (" + NodeKind.allCases.filter(kinds.contains).map(\.rawValue).joined(separator: ", ")
          + ")"
      }
      text +=
        "| `\(key.name)` | \(inWords(key.shape)) | \(summary)\(kinds ?? "") | "
        + (key.isRequired ? "an error" : key.standard) + " |\n"
    }
    return text
  }

  private static func heading(_ object: ObjectShape) -> String {
    switch object.name {
    case "topology": "The file"
    case "node": "A node"
    default:
      object.title.prefix(1).uppercased() + object.title.dropFirst().replacing("'", with: "`")
    }
  }

  private static func inWords(_ shape: Shape) -> String {
    switch shape {
    case .text(let rule):
      switch rule {
      case .any, .known, .record, .separator: "text"
      case .name: "name"
      case .variableName, .environmentName: "name"
      case .mode: "four octal digits"
      case .workers: "number or range"
      case .version: "version"
      case .pointer: "JSON pointer"
      case .port: "port"
      }
    case .word(let words): words.map { "`\($0)`" }.joined(separator: ", ")
    case .boolean: "`true`, `false`"
    case .yes: "`true`"
    case .integer(let range):
      range.upperBound >= 100_000 ? "whole number" : "\(range.lowerBound) to \(range.upperBound)"
    case .number: "number"
    case .time: "time"
    case .size: "size"
    case .list(let element, _, _): "list of \(inWords(element))"
    case .map(_, let element, _): "map to \(inWords(element))"
    case .object(let name): "[\(name)](#\(anchor(name)))"
    case .named(let name): inWords(standard.shape(name), named: name)
    case .either(let scalar, let list, let map, _):
      [scalar, list, map].compactMap { $0.map(inWords) }.joined(separator: ", or ")
    case .anything: "anything"
    }
  }

  private static func inWords(_ shape: Shape, named name: String) -> String {
    name == "stages" ? "list of [stage](#\(anchor("stage")))" : inWords(shape)
  }

  private static func anchor(_ name: String) -> String {
    guard let object = standard.object(name) else { return name }
    let letters = heading(object).lowercased().filter { $0.isLetter || $0 == " " || $0 == "-" }
    return letters.replacing(" ", with: "-")
  }
}
