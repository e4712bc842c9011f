/// What a worker says when it is stopped.
enum WorkerStop {
  /// Runs `body`; once the worker was asked to stop, whatever fails fails because of that.
  static func told<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch {
      try Task.checkCancellation()
      throw error
    }
  }
}
