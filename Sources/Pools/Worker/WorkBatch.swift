internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

/// Inputs for a worker.
struct WorkBatch<Work: Step>: Codable, Sendable {
  let id: Int
  /// The step, if it differs from that of the last batch.
  let work: Result<Work, any Error>?
  let inputs: Column<Work.Input>
  /// The time at which decoding began, which is part of a batch's cost.
  let arrival: SuspendingClock.Instant

  init(id: Int, work: Work?, inputs: [Work.Input]) {
    self.id = id
    self.work = work.map { .success($0) }
    self.inputs = .whole(inputs)
    arrival = .now
  }

  // An array without keys: a key that is not there is looked for behind all inputs.
  init(from decoder: any Decoder) throws {
    arrival = decoder.timeAtNode
    var fields = try decoder.unkeyedContainer()
    id = try fields.decode(Int.self)
    inputs = try fields.decode(Column<Work.Input>.self)
    work = fields.isAtEnd ? nil : Result { try fields.decode(Work.self) }
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.unkeyedContainer()
    try fields.encode(id)
    try fields.encode(inputs)
    if let work { try fields.encode(work.get()) }
  }
}

/// A worker's answer: the outputs of the next inputs of a batch, and the failure of the one after
/// them.
///
/// It is result and acknowledgement in one.
struct WorkReply<Output: Codable & Sendable>: Codable, Sendable {
  /// The batch; 0 if the worker is ready for its first one.
  var batch = 0
  var outputs = Column<Output>.whole([])
  /// How many outputs each input has, for work that emits many.
  var counts: [Int]?
  /// Why the input after these failed.
  var failure: WorkFailure?
  /// Whether the worker returns the rest of the batch, which it has not begun.
  var isLast = false
  var nanoseconds = 0
  /// The memory of the worker in bytes, if the pool limits it.
  var residentBytes = 0
  /// Where the worker notes its inputs; only in the first answer.
  var notebook: NotebookName?
}

// An array without keys, as a batch is.
extension WorkReply {
  /// Reads an answer; throws for one whose numbers do not fit together.
  init(from decoder: any Decoder) throws {
    var fields = try decoder.unkeyedContainer()
    batch = try fields.decode(Int.self)
    outputs = try fields.decode(Column<Output>.self)
    isLast = try fields.decode(Bool.self)
    nanoseconds = max(0, try fields.decode(Int.self))
    residentBytes = max(0, try fields.decode(Int.self))
    counts = try fields.decodeIfPresent([Int].self)
    failure = try fields.decodeIfPresent(WorkFailure.self)
    notebook = try fields.decodeIfPresent(NotebookName.self)
    guard let counts else { return }
    let sum = counts.reduce(0) { $0.saturatingAdding($1) }
    guard counts.allSatisfy({ $0 >= 0 }), sum == outputs.count else {
      throw DecodingError.dataCorruptedError(
        in: fields,
        debugDescription: "The inputs of an answer have as many outputs as it holds.")
    }
  }

  /// Writes an answer.
  func encode(to encoder: any Encoder) throws {
    var fields = encoder.unkeyedContainer()
    try fields.encode(batch)
    try fields.encode(outputs)
    try fields.encode(isLast)
    try fields.encode(nanoseconds)
    try fields.encode(residentBytes)
    try fields.encode(counts)
    try fields.encode(failure)
    try fields.encode(notebook)
  }
}

/// Why an input failed in a worker.
struct WorkFailure: Codable, Sendable {
  /// Whether it was not the body that failed, but the coding of input or output.
  var isCoding: Bool
  var error: RemoteFailure
}
