internal import ProcessTree
internal import ProcessTreeStages

/// A transform as the work of a pool.
struct TransformWork<Body: Transform>: PoolWork {
  var body: Body

  mutating func run(
    _ inputs: ArraySlice<Body.Input>, into outputs: inout BatchOutputs<Body.Output>, in node: Node
  ) async throws {
    try body._transform(inputs, into: &outputs.values)
  }
}

/// A stage as the work of a pool: each input has a copy of its own, so that what comes of it does not
/// depend on who did what before.
struct StageWork<Body: Stage>: PoolWork {
  var body: Body

  static var emitsMany: Bool { true }

  mutating func run(
    _ inputs: ArraySlice<Body.Input>, into outputs: inout BatchOutputs<Body.Output>, in node: Node
  ) async throws {
    for input in inputs {
      let start = outputs.values.count
      do {
        var copy = body
        try copy.process(input) { outputs.values.append($0) }
        try copy.finish { outputs.values.append($0) }
      } catch {
        outputs.values.removeSubrange(start...)
        throw error
      }
      outputs.counts?.append(outputs.values.count - start)
    }
  }
}

/// A stage that waits as the work of a pool; each input has a copy of its own.
struct AsyncStageWork<Body: AsyncStage>: PoolWork {
  var body: Body

  static var suspends: Bool { true }
  static var emitsMany: Bool { true }

  mutating func run(
    _ inputs: ArraySlice<Body.Input>, into outputs: inout BatchOutputs<Body.Output>, in node: Node
  ) async throws {
    for input in inputs {
      var values: [Body.Output] = []
      var copy = body
      try await copy.process(input) { values.append($0) }
      try await copy.finish { values.append($0) }
      outputs.values += values
      outputs.counts?.append(values.count)
    }
  }
}
