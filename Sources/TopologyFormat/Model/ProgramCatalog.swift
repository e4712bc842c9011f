/// The Swift programs that files can name, as far as a check asks for them.
///
/// The types themselves decide what their arguments are; this library does not know them.
package protocol ProgramCatalog: Sendable {
  /// The names of the programs.
  var programNames: [String] { get }
  /// The names of the stages of pipelines.
  var stageNames: [String] { get }

  /// Compares the arguments of a program with its type; of a name that is among the programs.
  func check(program: String, _ arguments: Value) -> CheckedArguments
  /// Compares the arguments of a stage with its type; of a name that is among the stages.
  func check(stage: String, _ arguments: Value) -> CheckedStage
}

/// The result of the check of a program's arguments.
package struct CheckedArguments: Sendable {
  package var diagnostics = Diagnostics()
  package var ends: [CheckedEnd] = []

  package init() {}
}

/// A stage of the app, as its type describes it.
package struct CheckedStage: Sendable {
  package var diagnostics: Diagnostics
  /// The names of the types of its inputs and outputs.
  package var input: String
  package var output: String
  /// Whether its outputs depend on one input alone, so that the number of its workers may change.
  package var isStateless: Bool

  package init(diagnostics: Diagnostics, input: String, output: String, isStateless: Bool) {
    self.diagnostics = diagnostics
    self.input = input
    self.output = output
    self.isStateless = isStateless
  }
}

/// An end of a channel that stands among the arguments of a program.
package struct CheckedEnd: Sendable {
  package var end: EndPlan
  /// What the program does: `send`, `receive`, `call` or `serve`.
  package var verb: String
  /// The names of the types of the elements, or of requests and replies.
  package var elements: [String]
  /// Where the name of the channel stands.
  package var place: Place

  package init(end: EndPlan, verb: String, elements: [String], place: Place) {
    self.end = end
    self.verb = verb
    self.elements = elements
    self.place = place
  }
}
