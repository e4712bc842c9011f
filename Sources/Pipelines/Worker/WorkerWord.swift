/// What a worker says to the node that runs the pipeline.
enum WorkerWord: Codable, Sendable {
  /// What it has done so far.
  case counters(WorkerCounters)
  /// It is about to begin this again, and waits for the permission.
  case beginning(Mark)
  /// It is through with what it had named, and waits as well.
  case passed
  /// The stage failed with the input of this number; the error itself follows as the node's.
  case failed(input: UInt64?)
}
