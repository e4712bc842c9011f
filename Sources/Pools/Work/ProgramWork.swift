internal import ProcessTree

/// Programs as the work of a pool: each runs inside the worker's process.
struct ProgramWork<Program: NodeProgram>: PoolWork {
  static var spawnsChildren: Bool { Program.spawnsChildren }
  static var suspends: Bool { true }

  mutating func run(
    _ inputs: ArraySlice<Program>, into outputs: inout BatchOutputs<ProgramOutput<Program>>,
    in node: Node
  ) async throws {
    for program in inputs {
      outputs.values.append(ProgramOutput(value: try await program.run(in: node)))
    }
  }
}

/// What a program returned, coded in the program's own way, because it need not be `Codable`.
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
