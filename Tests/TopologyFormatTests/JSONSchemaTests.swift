import Foundation
import Testing

@testable import ProcessTreeTopologyFormat

/// The JSON Schema as another implementation reads it, that of Python's `jsonschema`.
struct JSONSchemaTests {
  private static let validator = """
    import json, sys
    import jsonschema
    schema, documents = json.load(sys.stdin)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    print("".join("+" if validator.is_valid(document) else "-" for document in documents))
    """

  private static func python(_ code: String, input: String) -> String? {
    let directory = FileManager.default.temporaryDirectory
    let file = directory.appendingPathComponent("ptree-schema-\(getpid())-\(input.utf8.count)")
    defer { try? FileManager.default.removeItem(at: file) }
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", code]
    guard (try? Data(input.utf8).write(to: file)) != nil,
      let reading = FileHandle(forReadingAtPath: file.path)
    else { return nil }
    process.standardInput = reading
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }

  static let hasValidator = python("import jsonschema", input: "") != nil

  /// Faults of all kinds, the examples, and the examples with each of their values changed.
  private static func texts() throws -> [(name: String, value: Value)] {
    var texts = CheckTests.faults.map { ($0.text, read($0.text)) }
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/Topologies")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".yaml") }.sorted()
    #expect(files.count > 5)
    for file in files {
      let path = folder.appendingPathComponent(file)
      guard let value = read(try String(contentsOf: path, encoding: .utf8)) else { continue }
      texts.append((file, value))
      for (index, changed) in changes(of: value).enumerated() {
        texts.append(("\(file), change \(index)", changed))
      }
    }
    return texts.compactMap { name, value in value.map { (name, $0) } }
  }

  private static func read(_ text: String) -> Value? {
    let files = FileSet { _ in text }
    guard case .success(let value) = files.read("t.yaml"), !value.isNothing else {
      return nil
    }
    return value
  }

  /// The value with one of the values in it replaced by each of some others, or its key misspelt.
  private static func changes(of value: Value) -> [Value] {
    let others: [Value.Content] = [
      .nothing, .scalar(Scalar("-1")), .scalar(Scalar("7")), .scalar(Scalar("x y", isPlain: false)),
      .scalar(Scalar("true")), .list([]), .map([]),
    ]
    func replaced(_ content: Value.Content) -> [Value.Content] {
      var results = others
      switch content {
      case .map(let entries):
        for (index, entry) in entries.enumerated() {
          for inner in replaced(entry.value.content) {
            var copy = entries
            copy[index].value.content = inner
            results.append(.map(copy))
          }
          var (misspelt, shorter) = (entries, entries)
          misspelt[index].key += "z"
          shorter.remove(at: index)
          results += [.map(misspelt), .map(shorter)]
        }
      case .list(let values):
        for (index, value) in values.enumerated() {
          for inner in replaced(value.content) {
            var copy = values
            copy[index].content = inner
            results.append(.list(copy))
          }
        }
      case .nothing, .scalar: break
      }
      return results
    }
    return replaced(value.content).map { content in
      var changed = value
      changed.content = content
      return changed
    }
  }

  /// Faults that the schema can find.
  private static let told: Set<Diagnostic.Code> = [
    .unknownKey, .missingKey, .wrongType, .wrongValue, .invalidName, .exclusiveKeys,
    .unsupportedVersion,
  ]

  @Test(.enabled(if: hasValidator, "python3 has no module jsonschema"))
  func anotherValidatorHasTheSameVerdict() throws {
    let documents = try Self.texts().filter { $0.value.entries != nil }
    let input = JSONValue.list([
      Schema.standard.json, .list(documents.map { Self.json($0.value) }),
    ])
    let verdicts = try #require(Self.python(Self.validator, input: input.line)).dropLast()
    try #require(verdicts.count == documents.count)
    #expect(documents.count > 1_000 && verdicts.contains("+") && verdicts.contains("-"))
    var differences: [String] = []
    for (document, verdict) in zip(documents, verdicts) {
      // JSON is YAML, so both see the same text.
      let text = Self.json(document.value).line
      let checked = check(text)
      let scalars = Array(text.unicodeScalars)
      let errors = checked.diagnostics.all.filter { diagnostic in
        // The schema does not evaluate expressions.
        let rest = scalars.dropFirst(diagnostic.place.column - 1).prefix(4)
        return diagnostic.severity == .error && !rest.elementsEqual("\"${{".unicodeScalars)
      }
      let codes = Set(errors.map(\.code)).intersection(Self.told)
      // Of some values the checker knows more, such as whether a regular expression is one.
      if verdict == "+" ? codes.isSubset(of: [.wrongValue]) : !codes.isEmpty { continue }
      let words = checked.diagnostics.sorted.map(\.message).joined(separator: " ")
      differences.append("\(document.name) is \(verdict) for the schema: \(words)")
    }
    #expect(differences.isEmpty, "\(differences.count):\n\(differences.joined(separator: "\n"))")
  }

  /// The value as a reader of JSON sees it.
  private static func json(_ value: Value) -> JSONValue {
    switch value.content {
    case .nothing: return .null
    case .list(let values): return .list(values.map(json))
    case .map(let entries): return .object(entries.map { ($0.key, json($0.value)) })
    case .scalar(let scalar):
      let text = scalar.constant ?? ""
      guard scalar.isPlain else { return .text(text) }
      if let integer = scalar.integer { return .integer(integer) }
      if let number = scalar.number { return .number(number) }
      return text == "true" || text == "false" ? .boolean(text == "true") : .text(text)
    }
  }
}
