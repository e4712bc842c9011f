internal import ProcessTree

/// The place of a worker in its pipeline.
struct WorkerPlace: Codable, Sendable {
  /// Its number among all workers of the pipeline.
  var worker: Int
  /// Its number within the stage, where each worker has envelopes of its own; else 0.
  var lane: Int
  /// How many envelopes the stage makes of one.
  var lanes: Int
  /// Whether its state dies with it: then it has no successor.
  var isStateful: Bool
  /// Whether it takes its input in the order of the source.
  var isOrdered: Bool
  /// Of how many of the stage's envelopes it gets one.
  var share: Int
  /// How many envelopes that it begins may be on their way where some stage restores the order,
  /// which keeps all that come before their turn; nil for any number.
  var mostInFlight: Int?

  /// How numbers change on the way through the worker.
  var fold: Fold {
    .lane(lane, of: lanes, exempt: EnvelopeSourceID.streams(ofWorkers: worker..<worker + 1))
  }
}

/// The errors of a worker that is stopped.
enum WorkerStop {
  /// Runs `body`; after a request to stop, every error counts as a result of that.
  static func told<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch {
      try Task.checkCancellation()
      throw AwaitedError(error)
    }
  }
}
