internal import ProcessTree
internal import ProcessTreeStages

/// Programs as the inputs of a step: each runs inside the worker's process.
struct ProgramStep<Program: NodeProgram>: Step {
  static var isStateless: Bool { true }
  static var _traits: StepTraits {
    StepTraits(
      isOneToOne: true, suspends: !Program.worksSynchronously,
      spawnsChildren: Program.spawnsChildren)
  }

  mutating func _process(
    _ inputs: ArraySlice<Program>, separately isSeparate: Bool,
    into outputs: inout StepOutputs<ProgramOutput<Program>>, in node: Node
  ) async throws {
    for program in inputs {
      outputs.append(ProgramOutput(value: try await program.run(in: node)))
      outputs.endInput()
    }
  }

  mutating func _finish(into outputs: inout StepOutputs<ProgramOutput<Program>>) {}
}

/// The result of a program, coded in the program's own way, because it need not be `Codable`.
struct ProgramOutput<Program: NodeProgram>: Codable, Sendable {
  let value: Program.Output

  init(value: Program.Output) {
    self.value = value
  }

  init(from decoder: any Decoder) throws {
    value = try Program._decode(try decoder.singleValueContainer().decode([UInt8].self))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Program._encode(value))
  }
}
