internal import Pipelines
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeTopologyFormat

/// Makes a pipeline of its plan.
struct PipelineMaker {
  let plan: PipelinePlan
  let node: NodePlan
  let context: RunContext
  /// The node that runs it.
  let place: Node
  /// The hosts that its stages name.
  let hosts: HostPool?

  /// - Parameter joint: What the source writes to, if the first stage reads that.
  func pipeline(behind joint: CommandJoint?) throws -> Pipeline<[UInt8], [UInt8]> {
    let pipeline = try appending(plan.seams, to: .empty, behind: joint)
    return plan.isOrdered ? pipeline.inOrder() : pipeline
  }

  private func appending(
    _ parts: [PipelinePlan.SeamedPart], to pipeline: Pipeline<[UInt8], [UInt8]>,
    behind joint: CommandJoint? = nil
  ) throws -> Pipeline<[UInt8], [UInt8]> {
    var before = joint
    return try parts.reduce(pipeline) { pipeline, part in
      switch part {
      case .stage(let stage, let takes, let makes):
        let behind = try makes.joint()
        defer { before = behind }
        return try appending(
          stage, takesWhole: takes.isWhole(by: before), makesWhole: makes.isWhole(by: behind),
          to: pipeline, between: before, and: behind)
      case .branches(let branches):
        return pipeline.broadcast(to: try branches.map { try appending($0, to: .empty) }).merged()
      }
    }
  }

  private func appending(
    _ stage: PipelinePlan.Stage, takesWhole: Bool, makesWhole: Bool,
    to pipeline: Pipeline<[UInt8], [UInt8]>, between before: CommandJoint?,
    and behind: CommandJoint?
  ) throws -> Pipeline<[UInt8], [UInt8]> {
    let distribution: Distribution<[UInt8]> =
      if stage.isBroadcast { .broadcast } else if let partition = stage.partition {
        .partitioned(by: RecordKey(partition))
      } else { .balanced }
    var command: Command
    switch stage.work {
    case .command(let plan): command = try self.command(plan)
    case .program(let program):
      guard let listed = Catalog.listedStage(at: place, program.name) else {
        throw SystemRefusal(description: "the app has no stage '\(program.name)'")
      }
      return try listed.append(
        stage, program, to: pipeline, distribution, attempts: plan.attempts,
        on: hosts?.only(stage.hosts), context)
    }
    command.standardInput = .pipe
    command.standardOutput = behind.map { .file($0.writingPath) } ?? .pipe
    let (input, output) = (stage.input.framing, stage.output.framing)
    let settings = StageSettings(
      name: stage.name, command: command, takesPlace: stage.takesPlace, input: input,
      output: output, attempts: plan.attempts, timeLimit: stage.timeLimit)
    let hosts = hosts?.only(stage.hosts)
    switch stage.mode {
    case .each:
      return pipeline.then(
        EachStep(settings), named: stage.name, workers: stage.workers,
        distribution: distribution, attempts: plan.attempts, ordered: stage.isOrdered, on: hosts)
    case .answer:
      return pipeline.then(
        AnswerStep(settings), named: stage.name, workers: stage.workers,
        distribution: distribution, attempts: plan.attempts, ordered: stage.isOrdered, on: hosts)
    case .stream:
      return pipeline.then(
        command, named: stage.name, input: takesWhole ? .whole(input) : CommandFraming(input),
        output: makesWhole ? .whole(output) : CommandFraming(output), workers: stage.workers,
        distribution: distribution, ordered: stage.isOrdered, joint: before, on: hosts)
    }
  }

  func command(_ plan: CommandPlan) throws -> Command {
    try CommandMaker(plan: plan, node: node, context: context, instance: 1).command()
  }

  /// The text of a value of the file.
  func text(_ scalar: Scalar) -> String {
    scalar.resolved(instance: 1, run: context.run, scratch: context.scratch)
  }
}

extension PipelinePlan.Framing {
  var framing: RecordFraming { RecordFraming(rawValue: rawValue) ?? .lines }
}
