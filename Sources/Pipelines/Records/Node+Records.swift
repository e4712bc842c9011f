package import ProcessTree

extension Node {
  /// Runs a pipeline of records over a source.
  ///
  /// - Parameters:
  ///   - records: The source.
  ///   - pipeline: The stages.
  ///   - monitor: Changes the numbers of workers.
  ///   - refuse: Takes each record that a stage gave up; an error that it throws ends the run.
  ///   - deliver: Takes the outputs; the next ones come when it has returned.
  /// - Throws: The errors of `run(over:using:on:monitor:onQuarantine:)`, of the source and of the
  ///   closures.
  package func runRecords<Records: AsyncSequence>(
    over records: sending Records, using pipeline: Pipeline<[UInt8], [UInt8]>,
    monitor: PipelineMonitor,
    refuse: @escaping @Sendable (Refusal) async throws -> Void,
    deliver: @escaping @Sendable ([[UInt8]]) async throws -> Void
  ) async throws where Records.Element == [UInt8] {
    let run = try PipelineRun(pipeline, at: self, monitor: monitor) { input in
      try await refuse(
        Refusal(
          stage: input.stageName, input: input.input.map(UInt64.init), record: input.record ?? [],
          failures: input.deaths.map { "\($0)" }))
    }
    try await run.run(AsyncSequencePump(records)) { refusals in
      for refusal in refusals { try await refuse(refusal) }
    } deliver: { outputs in
      try await deliver(outputs)
    }
  }
}
