/// All that a topology file may contain.
package struct Schema: Sendable {
  package private(set) var objects: [ObjectShape]
  package private(set) var shapes: [(name: String, shape: Shape)]
  private let objectTable: [String: ObjectShape]
  private let shapeTable: [String: Shape]

  /// Format 1.
  package static let standard = Schema(
    objects: [file, node] + groupObjects + hostObjects + nodeObjects + pipelineObjects,
    shapes: sharedShapes)

  init(objects: [ObjectShape], shapes: [(name: String, shape: Shape)]) {
    self.objects = objects
    self.shapes = shapes
    objectTable = Dictionary(uniqueKeysWithValues: objects.map { ($0.name, $0) })
    shapeTable = Dictionary(uniqueKeysWithValues: shapes.map { ($0.name, $0.shape) })
  }

  /// The same for files whose programs and stages have these names.
  package func naming(_ programs: [String], _ stages: [String]) -> Schema {
    var objects = objects
    for index in objects.indices {
      let names = ["node": programs, "stage": stages][objects[index].name] ?? []
      guard !names.isEmpty else { continue }
      for key in objects[index].keys.indices where objects[index].keys[key].name == "program" {
        objects[index].keys[key].shape = .word(names)
      }
    }
    return Schema(objects: objects, shapes: shapes)
  }

  package func object(_ name: String) -> ObjectShape? { objectTable[name] }

  package func shape(_ name: String) -> Shape { shapeTable[name] ?? .anything }

  // MARK: Shapes with a name

  static let texts = Shape.list(of: .text(.any), least: 1, most: 1_000)
  static let knownTexts = Shape.list(of: .text(.known), least: 0, most: 1_000)
  static let restartWords = ["always", "onFailure", "never"]
  static let count = Shape.integer(0...1_000)

  private static let sharedShapes: [(name: String, shape: Shape)] = [
    ("arguments", .list(of: .text(.any), least: 1, most: 10_000)),
    (
      "environment",
      .map(
        keys: .environmentName,
        of: .either(scalar: .text(.any), list: nil, map: .object("secret"), orNothing: true),
        least: 0)
    ),
    (
      "restart",
      .either(
        scalar: .word(restartWords), list: nil, map: .object("restartRule"), orNothing: false)
    ),
    (
      "dependencies",
      .either(
        scalar: nil, list: .list(of: .text(.known), least: 1, most: 1_000),
        map: .map(
          keys: .any, of: .word(["started", "up", "succeeded", "ended"]), least: 1),
        orNothing: false)
    ),
    ("nodes", .map(keys: .name, of: .object("node"), least: 1)),
    (
      "endsWith",
      .either(
        scalar: .word(["all", "any"]), list: .list(of: .text(.known), least: 1, most: 1_000),
        map: nil, orNothing: false)
    ),
    ("framing", .word(["lines", "nul", "length", "lengthBigEndian", "bytes"])),
    (
      "inherited",
      .either(scalar: .boolean, list: knownTexts, map: nil, orNothing: false)
    ),
    (
      "input",
      .either(scalar: .word(["null"]), list: nil, map: .object("inputFile"), orNothing: true)
    ),
    (
      "output",
      .either(
        scalar: .word(["log", "null"]), list: nil, map: .object("outputFile"), orNothing: true)
    ),
    (
      "errorOutput",
      .either(
        scalar: .word(["log", "null", "output"]), list: nil, map: .object("outputFile"),
        orNothing: true)
    ),
    (
      "variableValue",
      .either(scalar: .text(.record), list: nil, map: .object("variable"), orNothing: false)
    ),
    (
      "stages", .list(of: .object("stage"), least: 1, most: 100)
    ),
  ]
}

/// Makes a key.
func key(
  _ name: String, _ shape: Shape, _ summary: String, without standard: String = "–",
  isRequired: Bool = false, kinds: Set<NodeKind>? = nil
) -> Key {
  Key(
    name: name, shape: shape, isRequired: isRequired, summary: summary, standard: standard,
    kinds: kinds)
}
