extension Schema {
  /// The JSON Schema (draft 2020-12) of the same files.
  package var json: JSONValue {
    let top = object("topology").map(Self.json) ?? []
    let definitions =
      [("expression", Self.expression)]
      + shapes.map { ($0.name, Self.json($0.shape)) }
      + objects.filter { $0.name != "topology" }.map { ($0.name, JSONValue.object(Self.json($0))) }
    return .object(
      [
        ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
        ("$id", .text("ptree.schema.json")),
        ("title", .text("A topology of ptree, format 1")),
      ] + top + [
        (
          "anyOf",
          .list(["nodes", "include"].map { .object([("required", .list([.text($0)]))]) })
        ),
        ("$defs", .object(definitions)),
      ])
  }

  private static let expression = JSONValue.object([
    ("type", .text("string")), ("pattern", .text(#"\$\{\{.+\}\}"#)),
    ("description", .text("${{ name }}, ${{ env.NAME or 'text' }}, ${{ port + instance }}")),
  ])

  private static func reference(_ name: String) -> JSONValue {
    .object([("$ref", .text("#/$defs/\(name)"))])
  }

  private static func any(_ shapes: [JSONValue]) -> JSONValue {
    shapes.count == 1 ? shapes[0] : .object([("anyOf", .list(shapes))])
  }

  private static func orExpression(_ shape: JSONValue) -> JSONValue {
    any([shape, reference("expression")])
  }

  private static func pattern(_ text: String) -> JSONValue {
    .object([("type", .text("string")), ("pattern", .text(text))])
  }

  private static func whole(_ range: ClosedRange<Int>) -> JSONValue {
    .object([
      ("type", .text("integer")), ("minimum", .integer(range.lowerBound)),
      ("maximum", .integer(range.upperBound)),
    ])
  }

  private static func types(_ names: String...) -> JSONValue {
    .object([("type", .list(names.map { .text($0) }))])
  }

  private static func json(_ object: ObjectShape) -> [(String, JSONValue)] {
    var json: [(String, JSONValue)] = [("type", .text("object"))]
    json.append(("properties", .object(object.keys.map { ($0.name, property($0)) })))
    json.append(("additionalProperties", .boolean(false)))
    if object.hasExtensions {
      json.append(("patternProperties", .object([("^x-", .object([]))])))
    }
    let required = object.keys.filter(\.isRequired).map { JSONValue.text($0.name) }
    if !required.isEmpty { json.append(("required", .list(required))) }
    if !object.exactlyOne.isEmpty {
      let choices = object.exactlyOne.map {
        JSONValue.object([("required", .list([.text($0)]))])
      }
      json.append(("oneOf", .list(choices)))
    }
    return json
  }

  private static func property(_ key: Key) -> JSONValue {
    guard case .object(var members) = json(key.shape) else { return json(key.shape) }
    let summary = key.summary.filter { $0 != "`" }
    members.append(("description", .text(summary)))
    return .object(members)
  }

  private static func json(_ shape: Shape) -> JSONValue {
    switch shape {
    case .text(let rule): json(rule)
    case .word(let words): orExpression(.object([("enum", .list(words.map { .text($0) }))]))
    case .boolean: orExpression(.object([("type", .text("boolean"))]))
    case .yes: .object([("const", .boolean(true))])
    case .integer(let range): orExpression(whole(range))
    case .number(let range):
      orExpression(
        .object([
          ("type", .text("number")), ("minimum", .number(range.lowerBound)),
          ("maximum", .number(range.upperBound)),
        ]))
    case .time: orExpression(pattern(#"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"#))
    case .size:
      orExpression(
        any([
          .object([("type", .text("integer")), ("minimum", .integer(0))]),
          pattern(#"^[0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB)$"#),
        ]))
    case .list(let element, let least, let most):
      .object([
        ("type", .text("array")), ("items", json(element)), ("minItems", .integer(least)),
        ("maxItems", .integer(most)),
      ])
    case .map(let keys, let element, let least): map(keys, element, least)
    case .object(let name), .named(let name): reference(name)
    case .either(let scalar, let list, let map, let orNothing):
      any(
        [scalar, list, map].compactMap { $0.map(json) }
          + (orNothing ? [.object([("type", .text("null"))])] : []))
    case .anything: .object([])
    }
  }

  private static func map(_ keys: TextRule, _ element: Shape, _ least: Int) -> JSONValue {
    var json: [(String, JSONValue)] = [("type", .text("object"))]
    if let pattern = keys.pattern {
      json.append(("propertyNames", .object([("pattern", .text(pattern))])))
    }
    json.append(("additionalProperties", self.json(element)))
    if least > 0 { json.append(("minProperties", .integer(least))) }
    return .object(json)
  }

  /// `4` or `2..8`, from 1 to 64.
  private static let workers = {
    let number = "([1-9]|[1-5][0-9]|6[0-4])"
    return "^\(number)(\\.\\.\(number))?$"
  }()

  private static func json(_ rule: TextRule) -> JSONValue {
    switch rule {
    case .any, .known, .record, .separator: types("string", "number", "boolean")
    case .port: orExpression(any([whole(1...65_535), pattern("^[0-9]+$|:[0-9]+$|/")]))
    case .workers:
      orExpression(any([whole(1...64), pattern(workers)]))
    case .version: any([.object([("const", .integer(1))]), pattern(#"^1(\.0)?$"#)])
    // The word `true` is a name as well, and a truth value for a reader of JSON.
    case .name: orExpression(any([pattern(rule.pattern ?? ""), types("boolean")]))
    default: orExpression(pattern(rule.pattern ?? ""))
    }
  }
}
