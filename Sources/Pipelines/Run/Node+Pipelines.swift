public import ProcessTree
internal import ProcessTreeBase
public import ProcessTreeStages

/// Takes an input that a pipeline goes on without, because it ended every worker that tried it.
public typealias QuarantineHandler = @Sendable (QuarantinedInput) async throws -> Void

extension Node {
  /// Runs a pipeline over inputs and returns all its outputs, as they come unless the pipeline is
  /// `Pipeline/inOrder()`.
  ///
  /// Workers are children of this node; none is left when this returns or throws. Inputs are taken
  /// as the pipeline has room for them.
  ///
  /// - Parameters:
  ///   - pipeline: The stages.
  ///   - inputs: Any sequence; its iterator is called on the task executor of this call, where it
  ///     should not block.
  ///   - place: The hosts on which workers run whose stage names no other place, of a scope of this
  ///     node; `nil` for where this node runs. What workers of a lost host had goes to others.
  ///   - monitor: Watches the run, and changes the numbers of workers.
  ///   - onQuarantine: Takes each input that has ended as many workers of a stateless stage as it
  ///     has attempts there, once all has arrived that was made without it. The run goes on without
  ///     it, and so without its outputs; an error that is thrown here ends the run. Without a
  ///     closure the first such input ends the run.
  /// - Throws: `PipelineError` before anything is started; `PipelineFailure` with the stage, the
  ///   worker and the input when a stage throws, a worker ends that cannot be replaced, or an input
  ///   has ended all that tried it; the errors of making a child; `CancellationError`.
  @inlinable
  public func run<Inputs: Sequence, Output>(
    over inputs: sending Inputs, using pipeline: Pipeline<Inputs.Element, Output>,
    on place: (any Place)? = nil, monitor: PipelineMonitor? = nil,
    onQuarantine: QuarantineHandler? = nil
  ) async throws -> [Output] {
    try await collect(
      pipeline, SequencePump(InputSource(inputs) { $0 }), place, monitor, onQuarantine)
  }

  /// Runs a pipeline over asynchronous inputs and returns all its outputs; else as
  /// `run(over:using:on:monitor:onQuarantine:)`.
  ///
  /// - Throws: Also the errors of the sequence of inputs.
  public func run<Inputs: AsyncSequence, Output>(
    over inputs: sending Inputs, using pipeline: Pipeline<Inputs.Element, Output>,
    on place: (any Place)? = nil, monitor: PipelineMonitor? = nil,
    onQuarantine: QuarantineHandler? = nil
  ) async throws -> [Output] {
    try await collect(pipeline, AsyncSequencePump(inputs), place, monitor, onQuarantine)
  }

  @usableFromInline
  func collect<Input, Output>(
    _ pipeline: Pipeline<Input, Output>, _ pump: any InputPump<Input>, _ place: (any Place)?,
    _ monitor: PipelineMonitor?, _ onQuarantine: QuarantineHandler?
  ) async throws -> [Output] {
    let collected = Collected<Output>()
    let run = try PipelineRun(
      pipeline, at: self, on: place, monitor: monitor, onQuarantine: onQuarantine)
    try await run.run(pump) { outputs in
      collected.outputs.withLock { $0 += outputs }
    }
    return collected.outputs.withLock { $0 }
  }
}

/// The collected outputs of a run.
private final class Collected<Output: Sendable>: Sendable {
  let outputs = Lock<[Output]>([])
}
