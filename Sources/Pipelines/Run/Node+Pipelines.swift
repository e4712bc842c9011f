public import ProcessTree
internal import Synchronization

extension Node {
  /// Runs a pipeline over inputs and returns all its outputs, as they come unless the pipeline is
  /// `Pipeline/inOrder()`.
  ///
  /// Workers are children of this node; none is left when this returns or throws. Inputs are taken as
  /// the pipeline has room for them.
  ///
  /// - Parameters:
  ///   - pipeline: The stages.
  ///   - inputs: Any sequence; its iterator is called on the task executor of this call, where it
  ///     should not block.
  ///   - monitor: Watches the run, and changes the numbers of workers.
  /// - Throws: `InvalidPipeline` before anything is started; `PipelineFailure` with the stage, the
  ///   worker and the input when a stage throws or a worker ends that cannot be replaced; what making
  ///   a child throws; `CancellationError`.
  @inlinable
  public func run<Inputs: Sequence, Output>(
    _ pipeline: Pipeline<Inputs.Element, Output>, over inputs: sending Inputs,
    monitor: PipelineMonitor? = nil
  ) async throws -> [Output] {
    try await collect(pipeline, SequencePump(inputs), monitor)
  }

  /// Runs a pipeline over asynchronous inputs and returns all its outputs; else as
  /// `run(_:over:monitor:)`.
  ///
  /// Also throws what the sequence of inputs throws.
  public func run<Inputs: AsyncSequence, Output>(
    _ pipeline: Pipeline<Inputs.Element, Output>, over inputs: sending Inputs,
    monitor: PipelineMonitor? = nil
  ) async throws -> [Output] {
    try await collect(pipeline, AsyncSequencePump(inputs), monitor)
  }

  @usableFromInline
  func collect<Input, Output>(
    _ pipeline: Pipeline<Input, Output>, _ pump: any InputPump<Input>, _ monitor: PipelineMonitor?
  ) async throws -> [Output] {
    let collected = Collected<Output>()
    try await PipelineRun(pipeline, at: self, monitor: monitor).run(pump) { outputs in
      collected.outputs.withLock { $0 += outputs }
    }
    return collected.outputs.withLock { $0 }
  }
}

/// Where the outputs of a run are gathered.
private final class Collected<Output: Sendable>: Sendable {
  let outputs = Mutex<[Output]>([])
}
