internal import Pipelines
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// A stage that the app lists under the name of its type.
protocol ListedStage: NodeProgram {
  static var listedName: String { get }
  static func check(_ arguments: Value?) -> ArgumentReading
  static func checkedStage(_ arguments: Value) -> CheckedStage
  /// Appends the stage to a pipeline of records.
  static func append(
    _ stage: PipelinePlan.Stage, _ plan: ProgramPlan, to pipeline: Pipeline<[UInt8], [UInt8]>,
    _ distribution: Distribution<[UInt8]>, attempts: Int, on place: (any ProcessTree.Place)?,
    _ context: RunContext
  ) throws -> Pipeline<[UInt8], [UInt8]>
}

/// The place of a stage in the list of the app's programs, where every node finds it by its name;
/// no node runs it.
struct StageListing<Work: Step>: NodeProgram, ListedStage {
  static var listedName: String { "\(Work.self)" }

  func run(in node: Node) {}

  static func check(_ arguments: Value?) -> ArgumentReading {
    let reading = ArgumentReading(listedName)
    _ = reading.read(Work.self, from: arguments)
    return reading
  }

  static func checkedStage(_ arguments: Value) -> CheckedStage {
    let checked = check(arguments).checked
    var diagnostics = checked.diagnostics
    for end in checked.ends {
      diagnostics.error(
        .wrongArgument, at: end.place, length: end.end.channel.count,
        "a stage has no channels of the file; its worker may be started many times.")
    }
    return CheckedStage(
      diagnostics: diagnostics, input: TypeWords.normal("\(Work.Input.self)"),
      output: TypeWords.normal("\(Work.Output.self)"), isStateless: Work.isStateless)
  }

  static func append(
    _ stage: PipelinePlan.Stage, _ plan: ProgramPlan, to pipeline: Pipeline<[UInt8], [UInt8]>,
    _ distribution: Distribution<[UInt8]>, attempts: Int, on place: (any ProcessTree.Place)?,
    _ context: RunContext
  ) throws -> Pipeline<[UInt8], [UInt8]> {
    let reading = ArgumentReading(
      plan.name, at: .init(instance: 1, context: context, ends: ProgramEnds()))
    guard let work = reading.read(Work.self, from: plan.arguments) else {
      throw SystemRefusal(
        description: reading.checked.diagnostics.all.first?.message
          ?? "the arguments of \(plan.name) cannot be read")
    }
    return pipeline.then(
      RecordStep(
        work: work, input: plan.inputForm, output: plan.outputForm, name: stage.name,
        timeLimit: stage.timeLimit),
      named: stage.name, workers: stage.workers, distribution: distribution, attempts: attempts,
      ordered: stage.isOrdered, on: place)
  }
}
