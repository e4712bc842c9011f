internal import ProcessTree

/// Where a worker stands in its pipeline.
struct WorkerPlace: Codable, Sendable {
  /// Its number among all workers of the pipeline.
  var worker: Int
  /// Its number within the stage, where each worker has envelopes of its own; else 0.
  var lane: Int
  /// How many envelopes the stage makes of one.
  var lanes: Int
  /// Whether what it knows dies with it: then nothing is given to a successor.
  var isStateful: Bool
  /// Whether it takes its input in the order of the source.
  var isOrdered: Bool

  /// How numbers change on the way through the worker.
  var fold: Fold {
    .lane(lane, of: lanes, exempt: EnvelopeSourceID.streams(ofWorkers: worker..<worker + 1))
  }
}

/// What a worker says when it is stopped.
enum WorkerStop {
  /// Runs `body`; once the worker was asked to stop, whatever fails fails because of that.
  static func told<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch {
      try Task.checkCancellation()
      throw AwaitedError(error)
    }
  }
}
