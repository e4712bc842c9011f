internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// The program of a node that is a Swift program of the app.
///
/// The node reads the arguments itself, so that the instances of a template share one value.
struct ProgramNode<Program: NodeProgram>: NodeProgram {
  let node: NodePlan
  let plan: ProgramPlan
  let context: RunContext
  let ends: ProgramEnds

  static var spawnsChildren: Bool { Program.spawnsChildren }
  static var worksSynchronously: Bool { Program.worksSynchronously }

  func run(in node: Node) async throws {
    let place = ArgumentReading.Place(
      instance: self.node.instance(named: node.name), context: context, ends: ends)
    let reading = ArgumentReading(plan.name, at: place)
    guard let program = reading.read(Program.self, from: plan.arguments) else {
      throw SystemRefusal(
        description: reading.checked.diagnostics.all.first?.message
          ?? "the arguments of \(plan.name) cannot be read")
    }
    let liveness = try self.node.liveness.map { [node = self.node] check in
      // What a check needs of a command: where it runs, and its arguments.
      try CommandMaker(
        plan: .ofChecks(in: plan.directory), node: node, context: context,
        instance: place.instance
      ).check(check, watchdog: nil)
    }
    try await node.keeping(to: self.node.timeLimit) {
      try await node.living(while: liveness) { _ = try await program.run(in: node) }
    }
  }
}

/// A program that the app lists under the name of its type.
protocol ListedProgram: NodeProgram {
  static var listedName: String { get }
  /// Compares arguments with the type.
  static func check(_ arguments: Value?) -> ArgumentReading
  /// Makes the program of a node.
  static func make(
    _ node: NodePlan, _ plan: ProgramPlan, _ context: RunContext, _ ends: ProgramEnds
  ) -> any NodeProgram
}

extension ProgramNode: ListedProgram {
  static var listedName: String { "\(Program.self)" }

  static func check(_ arguments: Value?) -> ArgumentReading {
    let reading = ArgumentReading(listedName)
    _ = reading.read(Program.self, from: arguments)
    return reading
  }

  static func make(
    _ node: NodePlan, _ plan: ProgramPlan, _ context: RunContext, _ ends: ProgramEnds
  ) -> any NodeProgram {
    Self(node: node, plan: plan, context: context, ends: ends)
  }
}
