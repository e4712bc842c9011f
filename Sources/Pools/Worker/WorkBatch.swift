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

  private enum CodingKeys: String, CodingKey {
    case id = "b"
    case work = "w"
    case inputs = "i"
  }

  init(from decoder: any Decoder) throws {
    arrival = decoder.timeAtNode
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(Int.self, forKey: .id)
    work =
      container.contains(.work)
      ? Result { try container.decode(Work.self, forKey: .work) } : nil
    inputs = try container.decode(Column<Work.Input>.self, forKey: .inputs)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    if let work { try container.encode(work.get(), forKey: .work) }
    try container.encode(inputs, forKey: .inputs)
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

  private enum CodingKeys: String, CodingKey {
    case batch = "b"
    case outputs = "o"
    case counts = "c"
    case failure = "f"
    case isLast = "l"
    case nanoseconds = "n"
    case residentBytes = "r"
    case notebook = "p"
  }
}

extension WorkReply {
  /// Reads an answer; throws for one whose numbers do not fit together.
  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    batch = try fields.decode(Int.self, forKey: .batch)
    outputs = try fields.decode(Column<Output>.self, forKey: .outputs)
    counts = try fields.decodeIfPresent([Int].self, forKey: .counts)
    failure = try fields.decodeIfPresent(WorkFailure.self, forKey: .failure)
    isLast = try fields.decode(Bool.self, forKey: .isLast)
    nanoseconds = max(0, try fields.decode(Int.self, forKey: .nanoseconds))
    residentBytes = max(0, try fields.decode(Int.self, forKey: .residentBytes))
    notebook = try fields.decodeIfPresent(NotebookName.self, forKey: .notebook)
    guard let counts else { return }
    let sum = counts.reduce(0) { $0.saturatingAdding($1) }
    guard counts.allSatisfy({ $0 >= 0 }), sum == outputs.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .counts, in: fields,
        debugDescription: "The inputs of an answer have as many outputs as it holds.")
    }
  }
}

/// Why an input failed in a worker.
struct WorkFailure: Codable, Sendable {
  /// Whether it was not the body that failed, but the coding of input or output.
  var isCoding: Bool
  var error: RemoteFailure
}
