public import Pipelines
public import ProcessTree
package import ProcessTreeTopologyFormat

/// The programs and stages of an app that topology files can name.
///
/// ```swift
/// static let catalog = Catalog(programs: [Fetch.self, Report.self], stages: [ParsePage.self])
/// ```
///
/// A file names a type without its module: `program: Fetch`. The properties of the type are the
/// arguments of the program, read by the `Decodable` conformance: a property that may be left out
/// is optional. An end of a channel is a property of the type `Sender`, `Receiver`, `Client` or
/// `Service`.
public struct Catalog: Sendable {
  let listed: [any ListedProgram.Type]
  let listedStages: [any ListedStage.Type]
  private let given: [any NodeProgram.Type]

  /// Makes a catalog.
  ///
  /// Two types of one name end the process, with a message that names both.
  ///
  /// - Parameters:
  ///   - programs: The types of programs; they may be private.
  ///   - stages: The types of stages of pipelines, which are neither private nor local to a
  ///     function.
  public init(
    programs: [any NodeProgram.Type] = [], stages: [any Step.Type] = []
  ) {
    func list<Program: NodeProgram>(_ type: Program.Type) -> any ListedProgram.Type {
      ProgramNode<Program>.self
    }
    func listStage<Work: Step>(_ type: Work.Type) -> any ListedStage.Type {
      StageListing<Work>.self
    }
    given = programs
    listed = programs.map { list($0) }
    listedStages = stages.map { listStage($0) }
    Self.refuseTwins(programs)
    Self.refuseTwins(stages)
  }

  private static func refuseTwins(_ types: [any Any.Type]) {
    var known: [String: any Any.Type] = [:]
    for type in types {
      guard let twin = known.updateValue(type, forKey: "\(type)") else { continue }
      preconditionFailure(
        "A catalog has two types of one name: \(String(reflecting: twin)) and "
          + "\(String(reflecting: type)). A file could not tell them apart.")
    }
  }

  /// All that nodes of the app find by its place in the list of `ProcessTreeApp.programs`.
  public var programs: [any NodeProgram.Type] { given + listed + listedStages + Self.ofFiles }

  /// Programs that the nodes of files have: a place in the list saves every process the search for
  /// a name.
  private static let ofFiles: [any NodeProgram.Type] = [
    CommandProgram.self, GroupProgram.self, PipelineProgram.self,
  ]

  /// The catalog of the app that a node belongs to.
  static func listed(at node: Node, _ name: String) -> (any ListedProgram.Type)? {
    node.listedPrograms.lazy.compactMap { $0 as? any ListedProgram.Type }
      .first { $0.listedName == name }
  }

  static func listedStage(at node: Node, _ name: String) -> (any ListedStage.Type)? {
    node.listedPrograms.lazy.compactMap { $0 as? any ListedStage.Type }
      .first { $0.listedName == name }
  }
}

/// A program, or stage, with its arguments, for lists.
package struct CatalogEntry: Sendable {
  package let name: String
  package let isStage: Bool
  /// The arguments with their types, `pause: Duration`.
  package let arguments: [String]
}

extension Catalog: ProgramCatalog {
  package var programNames: [String] { listed.map { $0.listedName } }
  package var stageNames: [String] { listedStages.map { $0.listedName } }

  package func check(program: String, _ arguments: Value) -> CheckedArguments {
    listed.first { $0.listedName == program }?.check(arguments).checked ?? CheckedArguments()
  }

  package func check(stage: String, _ arguments: Value) -> CheckedStage {
    guard let type = listedStages.first(where: { $0.listedName == stage }) else {
      return CheckedStage(diagnostics: Diagnostics(), input: "", output: "", isStateless: true)
    }
    return type.checkedStage(arguments)
  }

  /// The programs and the stages with their arguments, as far as their types can be asked.
  package var entries: [CatalogEntry] {
    func entry(_ name: String, _ reading: ArgumentReading, isStage: Bool) -> CatalogEntry {
      CatalogEntry(
        name: name, isStage: isStage,
        arguments: reading.asked.map { "\($0.name): \($0.type)\($0.isOptional ? "?" : "")" })
    }
    return listed.map { entry($0.listedName, $0.check(nil), isStage: false) }
      + listedStages.map { entry($0.listedName, $0.check(nil), isStage: true) }
  }
}
