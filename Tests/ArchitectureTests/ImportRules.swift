/// The imports that targets may have: arrows point down, none goes sideways.
struct ImportRules {
  /// The modules that one target may import beside those that all may.
  struct Rule {
    let allowed: Set<String>
    /// The modules that may show through the target's own API, by `public import`.
    let shown: Set<String>

    init(_ allowed: Set<String> = [], showing shown: Set<String> = []) {
      self.allowed = allowed
      self.shown = shown
    }
  }

  /// The C library and what comes with the language: open to every target, shown by none.
  let common: Set<String> = ["Glibc", "Synchronization"]

  let rules: [String: Rule] = Self.table

  private static let table: [String: Rule] = [
    "Base": Rule(),
    "ZeroMQ": Rule(["CZeroMQ", "Base"]),
    "MessagePack": Rule(),
    "ProcessControl": Rule(["CProcessShims", "Base"]),
    "Wire": Rule(["MessagePack", "Base"]),
    "Supervision": Rule(["Base"]),
    "Links": Rule([
      "ZeroMQ", "Wire", "MessagePack", "CLinux", "Base", "DequeModule", "HeapModule",
    ]),
    "ProcessTree": Rule(
      [
        "Links", "Supervision", "ProcessControl", "Wire", "MessagePack", "Base", "Logging",
        "DequeModule",
        // By a weak import, for the patterns of checks.
        "_StringProcessing",
      ],
      showing: ["Supervision", "ProcessControl", "Logging", "_StringProcessing"]),
    "ProcessTreeTesting": Rule(["ProcessTree", "Base"], showing: ["ProcessTree"]),
    // The note of an input is one store, which steps inline.
    "Stages": Rule(["ProcessTree", "Base"], showing: ["ProcessTree", "Synchronization"]),
    "Pools": Rule(
      ["ProcessTree", "Stages", "Supervision", "Base", "DequeModule"],
      showing: ["ProcessTree", "Stages"]),
    "Pipelines": Rule(
      ["ProcessTree", "Stages", "Supervision", "Base"],
      showing: ["ProcessTree", "Stages"]),
    "ProcessTreeExamples": Rule(
      ["ProcessTree", "Pools", "Pipelines"],
      showing: ["ProcessTree", "Pools", "Pipelines"]),
    // A file as a checked value; the one place that knows YAML.
    "TopologyFormat": Rule(["Yams", "Base"]),
    "Topologies": Rule(
      // Records of values are documents of JSON.
      ["ProcessTree", "Pipelines", "TopologyFormat", "Base", "Foundation"],
      showing: ["ProcessTree", "Pipelines", "TopologyFormat"]),
    "PtreeCommands": Rule(
      // Faults are signals and connections, and no part of what a program can do.
      [
        "ProcessTree", "ProcessTreeExamples", "ProcessTreeTesting", "ProcessControl", "Base",
        "TopologyFormat", "Topologies", "ArgumentParser", "Foundation",
      ],
      showing: ["ProcessTree", "ProcessTreeExamples", "Topologies", "ArgumentParser"]),
    "ptree": Rule(["PtreeCommands"]),
    "crawl": Rule(["PtreeCommands", "Foundation"]),
  ]

  /// The folder of a module of this package that users do not import; any other module's own name.
  private static func folder(of module: String) -> String {
    let folder = String(module.dropFirst("ProcessTree".count))
    let known = table.values.reduce(into: Set(table.keys)) { $0.formUnion($1.allowed) }
    return module.hasPrefix("ProcessTree") && known.contains(folder) ? folder : module
  }

  /// What breaks the rules in the Swift files of some targets.
  func violations(in files: [SourceFile]) -> [Violation] {
    files.filter(\.isSwift).flatMap { file -> [Violation] in
      guard let target = file.target else { return [] }
      guard let rule = rules[target] else {
        return [Violation(path: file.path, reason: "the target \(target) has no import rule")]
      }
      return ImportStatement.all(in: file).compactMap { statement in
        reason(statement, in: file, of: target, rule).map {
          Violation(path: file.path, line: statement.line, reason: $0)
        }
      }
    }
  }

  /// What targets may import, and no file of theirs does.
  func unused(in files: [SourceFile]) -> [String] {
    var imported: [String: Set<String>] = [:]
    for file in files where file.isSwift {
      guard let target = file.target else { continue }
      imported[target, default: []].formUnion(
        ImportStatement.all(in: file).map { Self.folder(of: $0.module) })
    }
    return rules.flatMap { target, rule in
      rule.allowed.subtracting(imported[target] ?? []).map { "\(target): \($0)" }
    }.sorted()
  }

  private func reason(
    _ statement: ImportStatement, in file: SourceFile, of target: String, _ rule: Rule
  ) -> String? {
    let module = Self.folder(of: statement.module)
    if !rule.allowed.contains(module), !common.contains(module) {
      return "\(target) may not import \(module)"
    }
    if statement.isPublic, !rule.shown.contains(module) {
      return "\(target) may not show \(module) in its API"
    }
    if statement.attributes.contains("@_exported"), !file.path.hasSuffix("/Exports.swift") {
      return "re-exports belong into Exports.swift"
    }
    if statement.attributes.contains("@testable") { return "@testable belongs into tests" }
    return nil
  }
}
