import ProcessTreeBase
import Testing

@testable import ProcessTreeTopologyFormat

/// The JSON Schema and the checker are of one mind.
struct SchemaTests {
  /// Kinds of faults that a JSON Schema can find.
  private static let told: Set<Diagnostic.Code> = [
    .unknownKey, .missingKey, .wrongType, .wrongValue, .invalidName, .exclusiveKeys,
    .unsupportedVersion,
  ]

  @Test(arguments: CheckTests.faults) func theSchemaRefusesWhatItCanTell(fault: Fault) throws {
    let checked = check(fault.text)
    let errors = checked.diagnostics.all.filter { $0.severity == .error }
    let files = FileSet { _ in fault.text }
    guard case .success(let value) = files.read("t.yaml") else { return }
    let isRight = JSONSchema(Schema.standard.json).isRight(value)
    if errors.isEmpty || errors.allSatisfy({ !Self.told.contains($0.code) }) {
      #expect(isRight, "\(fault.text)")
    } else if errors.contains(where: { [.unknownKey, .exclusiveKeys].contains($0.code) }) {
      #expect(!isRight, "\(fault.text)")
    }
  }

  @Test(arguments: Schema.stopSignals) func signalsThatStopCommandsHaveNumbers(word: String) {
    #expect(SignalName.number(of: word) != nil)
  }

  @Test func everyKeyHasASummary() {
    for object in Schema.standard.objects {
      #expect(Set(object.keys.map(\.name)).count == object.keys.count, "\(object.name)")
      for key in object.keys { #expect(!key.summary.isEmpty, "\(object.name).\(key.name)") }
    }
  }
}

/// Compares values with a JSON Schema, as far as ours need it.
private struct JSONSchema {
  private let root: JSONValue

  init(_ root: JSONValue) { self.root = root }

  func isRight(_ value: Value) -> Bool { matches(value, root) }

  private func matches(_ value: Value, _ schema: JSONValue) -> Bool {
    guard case .object(let members) = schema else { return true }
    return members.allSatisfy { key, member in matches(value, key, member, members) }
  }

  private func matches(
    _ value: Value, _ key: String, _ member: JSONValue, _ members: [(String, JSONValue)]
  ) -> Bool {
    switch (key, member) {
    case ("$ref", .text(let path)): return matches(value, definition(path))
    case ("anyOf", .list(let choices)): return choices.contains { matches(value, $0) }
    case ("oneOf", .list(let choices)): return choices.count { matches(value, $0) } == 1
    case ("type", .text(let name)): return Self.types(of: value).contains(name)
    case ("type", .list(let names)):
      return names.contains {
        if case .text(let name) = $0 { Self.types(of: value).contains(name) } else { false }
      }
    case ("enum", .list(let values)):
      return values.contains { if case .text(let text) = $0 { value.text == text } else { false } }
    case ("const", .boolean(let flag)):
      return value.scalar?.isPlain == true && value.text == String(flag)
    case ("const", .integer(let number)): return value.scalar?.integer == number
    case ("pattern", .text(let pattern)):
      guard let text = value.text, Self.types(of: value) == ["string"] else { return true }
      return (try? Regex(pattern).firstMatch(in: text)) != nil
    case ("minimum", let bound): return compare(value, bound) { $0 >= $1 }
    case ("maximum", let bound): return compare(value, bound) { $0 <= $1 }
    case ("items", let item): return value.list?.allSatisfy { matches($0, item) } ?? true
    case ("minItems", .integer(let count)): return value.list.map { $0.count >= count } ?? true
    case ("maxItems", .integer(let count)): return value.list.map { $0.count <= count } ?? true
    case ("minProperties", .integer(let count)):
      return value.entries.map { $0.count >= count } ?? true
    case ("required", .list(let keys)):
      return keys.allSatisfy { key in
        guard case .text(let name) = key, value.entries != nil else { return true }
        return value.entry(name) != nil
      }
    case ("propertyNames", let names):
      return value.entries?.allSatisfy {
        matches(Value(.scalar(Scalar($0.key, isPlain: false)), at: Place()), names)
      } ?? true
    case ("properties", .object(let properties)):
      return value.entries?.allSatisfy { entry in
        properties.first { $0.0 == entry.key }.map { matches(entry.value, $0.1) } ?? true
      } ?? true
    case ("additionalProperties", let rule):
      var known: Set<String> = []
      if case .object(let properties)? = members.first(where: { $0.0 == "properties" })?.1 {
        known = Set(properties.map(\.0))
      }
      let hasPatterns = members.contains { $0.0 == "patternProperties" }
      return value.entries?.allSatisfy { entry in
        if known.contains(entry.key) || (hasPatterns && entry.key.hasPrefix("x-")) { return true }
        if case .boolean(let isAllowed) = rule { return isAllowed }
        return matches(entry.value, rule)
      } ?? true
    default: return true
    }
  }

  private func definition(_ path: String) -> JSONValue {
    let name = path.split(separator: "/").last.map(String.init)
    guard case .object(let members) = root,
      case .object(let definitions)? = members.first(where: { $0.0 == "$defs" })?.1
    else { return .null }
    return definitions.first { $0.0 == name }?.1 ?? .boolean(false)
  }

  private func compare(
    _ value: Value, _ bound: JSONValue, _ holds: (Double, Double) -> Bool
  ) -> Bool {
    guard let number = value.scalar?.number else { return true }
    switch bound {
    case .integer(let bound): return holds(number, Double(bound))
    case .number(let bound): return holds(number, bound)
    default: return true
    }
  }

  /// The types that a JSON reader would see.
  private static func types(of value: Value) -> Set<String> {
    switch value.content {
    case .nothing: return ["null"]
    case .list: return ["array"]
    case .map: return ["object"]
    case .scalar(let scalar):
      guard scalar.isPlain else { return ["string"] }
      if scalar.integer != nil { return ["integer", "number"] }
      if scalar.number != nil { return ["number"] }
      return scalar.constant == "true" || scalar.constant == "false" ? ["boolean"] : ["string"]
    }
  }
}
