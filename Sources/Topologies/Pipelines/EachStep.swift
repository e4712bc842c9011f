internal import Pipelines
internal import ProcessTree
internal import ProcessTreeBase

/// A stage in the mode `each`: a run of the command for each record.
struct EachStep: Step {
  typealias Input = [UInt8]
  typealias Output = [UInt8]

  let settings: StageSettings
  private var fruitless = FruitlessCommand()

  init(_ settings: StageSettings) { self.settings = settings }

  private enum CodingKeys: CodingKey {
    case settings
  }

  static var isStateless: Bool { true }
  static var _traits: StepTraits { StepTraits(suspends: true) }

  nonisolated(nonsending) mutating func _process(
    _ inputs: ArraySlice<[UInt8]>, separately isSeparate: Bool,
    into outputs: inout StepOutputs<[UInt8]>, in node: Node
  ) async throws {
    for record in inputs {
      try await process(record, into: &outputs, in: node)
      await outputs.tellProgress()
    }
  }

  nonisolated(nonsending) mutating func _finish(into outputs: inout StepOutputs<[UInt8]>)
    async throws
  {}

  private mutating func process(
    _ record: [UInt8], into outputs: inout StepOutputs<[UInt8]>, in node: Node
  ) async throws {
    var failures: [String] = []
    while failures.count < settings.attempts {
      do {
        for made in try await run(record, in: node) { outputs.append(made) }
        fruitless.noteWork()
        return outputs.endInput()
      } catch {
        try Task.checkCancellation()
        guard let account = settings.account(of: error) else { throw error }
        failures.append(account)
        if let failure = error as? CommandFailure {
          if failure.status.isDeath { fruitless.noteDeath() } else { fruitless.noteWork() }
        }
        // Another attempt would end the same.
        if error is UnfitRecord { break }
      }
    }
    outputs.refuse(record, stage: settings.name, failures)
    try fruitless.noteRecord(failures.last ?? "")
  }

  private func run(_ record: [UInt8], in node: Node) async throws -> [[UInt8]] {
    let (command, input) = try settings.run(for: record)
    let bytes = try await node.run(
      command, input: input, limit: RecordSplitter.longest, timeout: settings.timeLimit)
    var splitter = RecordSplitter()
    splitter.append(bytes)
    var records: [[UInt8]] = []
    while let record = try splitter.next(settings.output, atEnd: true) { records.append(record) }
    return records
  }
}
