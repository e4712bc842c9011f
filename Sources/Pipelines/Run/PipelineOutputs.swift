public import ProcessTree
internal import ProcessTreeStages

/// The outputs of a pipeline as they come, made as they are asked for; see
/// `ProcessTree/Node/stream(over:using:on:monitor:onQuarantine:)`.
///
/// The run begins with the first iteration, and is one for each. When the sequence ends or throws,
/// no worker is left. A reader that stops lets the iterator go, which stops the workers.
public struct PipelineOutputs<Output: Codable & Sendable>: AsyncSequence, Sendable {
  let begin: @Sendable (Handoff<Output>) -> Task<Void, Never>

  /// Takes the outputs one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private let run: StreamedRun<Output>
    private var outputs: [Output] = []
    private var place = 0

    init(_ run: StreamedRun<Output>) {
      self.run = run
    }

    /// The next output; nil at the end.
    ///
    /// - Throws: The errors of `ProcessTree/Node/run(over:using:on:monitor:onQuarantine:)`.
    public mutating func next() async throws -> Output? {
      while place == outputs.count {
        guard let more = try await run.take() else { return nil }
        outputs = more
        place = 0
      }
      defer { place += 1 }
      return outputs[place]
    }
  }

  /// Begins a run.
  public func makeAsyncIterator() -> Iterator { Iterator(StreamedRun(begin)) }
}

/// A run that somebody reads from; ends with its last reference.
final class StreamedRun<Output: Sendable>: Sendable {
  private let handoff = Handoff<Output>()
  private let task: Task<Void, Never>

  init(_ begin: (Handoff<Output>) -> Task<Void, Never>) {
    task = begin(handoff)
  }

  deinit { task.cancel() }

  /// The next outputs; nil at the end.
  func take() async throws -> [Output]? {
    try await withTaskCancellationHandler {
      try await handoff.take()
    } onCancel: {
      // The end that follows is waited for: it comes when all workers have gone.
      task.cancel()
    }
  }
}

extension Node {
  /// Runs a pipeline as its outputs are read.
  ///
  /// ```swift
  /// for try await output in root.stream(over: lines, using: words) { print(output) }
  /// ```
  ///
  /// The run takes only as many inputs as fill the pipeline: infinite inputs work, and a
  /// reader that is slow holds the workers back. The parameters are those of
  /// `run(over:using:on:monitor:onQuarantine:)`. The inputs can be iterated several times if the
  /// outputs are.
  public func stream<Inputs: Sequence & Sendable, Output>(
    over inputs: Inputs, using pipeline: Pipeline<Inputs.Element, Output>,
    on place: (any Place)? = nil, monitor: PipelineMonitor? = nil,
    onQuarantine: QuarantineHandler? = nil
  ) -> PipelineOutputs<Output> {
    outputs(of: pipeline, place, monitor, onQuarantine) { SequencePump(InputSource(inputs) { $0 }) }
  }

  /// Runs a pipeline over asynchronous inputs as its outputs are read; else as
  /// `stream(over:using:on:monitor:onQuarantine:)`.
  public func stream<Inputs: AsyncSequence & Sendable, Output>(
    over inputs: Inputs, using pipeline: Pipeline<Inputs.Element, Output>,
    on place: (any Place)? = nil, monitor: PipelineMonitor? = nil,
    onQuarantine: QuarantineHandler? = nil
  ) -> PipelineOutputs<Output> {
    outputs(of: pipeline, place, monitor, onQuarantine) { AsyncSequencePump(inputs) }
  }

  private func outputs<Input, Output>(
    of pipeline: Pipeline<Input, Output>, _ place: (any Place)?, _ monitor: PipelineMonitor?,
    _ onQuarantine: QuarantineHandler?, _ makePump: @escaping @Sendable () -> any InputPump<Input>
  ) -> PipelineOutputs<Output> {
    PipelineOutputs { [self] handoff in
      // On the loop, if that is where the reader runs: every step elsewhere would cost a hop.
      let executor = withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
      return Task(executorPreference: executor) {
        do {
          let run = try PipelineRun(
            pipeline, at: self, on: place, monitor: monitor, onQuarantine: onQuarantine)
          try await run.run(makePump()) { outputs in
            try await handoff.give(outputs)
          }
          handoff.finish(.success(()))
        } catch {
          handoff.finish(.failure(error))
        }
      }
    }
  }
}
