internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeStages

/// The work of a worker: batches in, answers out.
struct WorkerSession<Work: Step> {
  /// The time after which a worker returns the inputs that it has not begun, for others that are
  /// idle.
  private static var slice: Duration { .milliseconds(4) }
  /// The time for which the session does not look at the clock.
  private static var glance: Duration { .microseconds(100) }
  /// An answer with more bytes than this leaves before its batch is done.
  private static var largestReply: Int { 256 << 10 }

  let parent: ParentNode
  let node: Node
  let notebook: WorkNotebook?
  let reportsMemory: Bool
  /// Where the inputs of the present batch are noted.
  private var notes: ElementNotes?
  private var work: Result<Work, any Error>?
  /// How many inputs are done between two looks at the clock.
  private var stride = 1
  private var outputs = Self.outputs(for: 0)
  private var outputBytes = 0
  private let estimate = ByteEstimate<Work.Output>()
  private var mark: SuspendingClock.Instant

  init(parent: ParentNode, node: Node, notebook: WorkNotebook?, reportsMemory: Bool) {
    self.parent = parent
    self.node = node
    self.notebook = notebook
    self.reportsMemory = reportsMemory
    mark = node.now
  }

  mutating func serve(_ batch: WorkBatch<Work>) async throws {
    if let new = batch.work { work = new }
    mark = batch.arrival
    reset(for: batch.inputs.count)
    notes = notebook?.begin(batch.id)
    switch batch.inputs {
    case .whole(let inputs):
      let rest = try await serve(inputs[...], of: batch)
      if !rest { try await reply(to: batch, isLast: true) }
    case .broken(let results):
      for (offset, result) in results.enumerated() {
        switch result {
        case .success(let input): _ = try await serve([input], of: batch, from: offset)
        case .failure(let error):
          try await reply(to: batch, failure: failure(error, isCoding: true))
        }
      }
      try await reply(to: batch, isLast: true)
    }
  }

  /// Processes the inputs in turn.
  ///
  /// - Parameter offset: The offset of the first of these inputs in the batch.
  /// - Returns: Whether the time was over, so that the last answer has been given.
  private mutating func serve(
    _ inputs: ArraySlice<Work.Input>, of batch: WorkBatch<Work>, from offset: Int = 0
  ) async throws -> Bool {
    var next = inputs.startIndex
    var time = node.now
    let end = batch.arrival + Self.slice
    while next < inputs.endIndex {
      let done = outputs.inputCount
      let part = inputs[next..<min(next + stride, inputs.endIndex)]
      do {
        try await process(part, from: offset + next - inputs.startIndex)
        next = part.endIndex
      } catch {
        // A stop fails the step too, and that is not the input's error.
        try Task.checkCancellation()
        outputs.discardUnfinished()
        next += outputs.inputCount - done + 1
        try await reply(to: batch, failure: failure(error, isCoding: false))
      }
      try Task.checkCancellation()
      // The inputs of a batch are one turn of the loop where the step does not suspend.
      node.renewLease()
      noteBytes()
      if outputBytes > Self.largestReply { try await reply(to: batch) }
      let now = node.now
      adapt(to: time.duration(to: now), for: part.count)
      time = now
      if now > end, next < inputs.endIndex {
        try await reply(to: batch, isLast: true)
        return true
      }
    }
    return false
  }

  /// Lets the step process inputs, and notes each of them.
  private mutating func process(_ part: ArraySlice<Work.Input>, from offset: Int) async throws {
    guard var body = try work?.get() else { return }
    outputs.noteInputs(from: offset, in: notes)
    // The worker codes the outputs later, and may die of any of them.
    defer { notes?.clear() }
    try await body._process(part, separately: true, into: &outputs, in: node)
  }

  private mutating func adapt(to spent: Duration, for count: Int) {
    if spent < Self.glance / 2, count == stride { stride = min(stride * 4, BatchSizer.largest) }
    if spent > Self.glance * 2 { stride = max(1, stride / 4) }
  }

  private mutating func noteBytes() {
    if estimate.isFixed {
      outputBytes = outputs.values.count * MemoryLayout<Work.Output>.stride
    } else {
      for value in outputs.values[measured...] { outputBytes += estimate.bytes(of: value) }
      measured = outputs.values.count
    }
  }

  private var measured = 0

  private static func outputs(for inputs: Int) -> StepOutputs<Work.Output> {
    let isOneToOne = Work._traits.isOneToOne
    return StepOutputs(isOneToOne: isOneToOne, capacity: isOneToOne ? inputs : 0)
  }

  private mutating func reset(for inputs: Int = 0) {
    outputs = Self.outputs(for: inputs)
    outputBytes = 0
    measured = 0
  }

  // MARK: Answers

  private func failure(_ error: any Error, isCoding: Bool) -> WorkFailure {
    WorkFailure(isCoding: isCoding, error: RemoteFailure(error, at: node))
  }

  private mutating func reply(
    to batch: WorkBatch<Work>, failure: WorkFailure? = nil, isLast: Bool = false
  ) async throws {
    let now = node.now
    var reply = WorkReply<Work.Output>(
      batch: batch.id, outputs: .whole(outputs.values), counts: outputs.counts,
      failure: failure, isLast: isLast, nanoseconds: mark.duration(to: now).wholeNanoseconds)
    if reportsMemory, isLast { reply.residentBytes = ResidentMemory.bytes() }
    mark = now
    let done = outputs
    reset()
    do {
      try await parent.send(reply)
    } catch let error as ProcessTreeError where error.code == .messageNotEncodable {
      try await sendOneByOne(done, as: reply)
    }
  }

  /// Answers for each input by itself, so that those are found whose output cannot be encoded.
  private func sendOneByOne(
    _ outputs: StepOutputs<Work.Output>, as whole: WorkReply<Work.Output>
  ) async throws {
    var start = 0
    for index in 0..<outputs.inputCount {
      let end = start + (outputs.counts?[index] ?? 1)
      var reply = WorkReply<Work.Output>(
        batch: whole.batch, outputs: .whole(Array(outputs.values[start..<end])),
        counts: outputs.counts.map { [$0[index]] },
        nanoseconds: whole.nanoseconds / max(1, outputs.inputCount))
      do {
        try await parent.send(reply)
      } catch let error as ProcessTreeError where error.code == .messageNotEncodable {
        reply.outputs = .whole([])
        reply.counts = reply.counts.map { _ in [] }
        reply.failure = failure(error, isCoding: true)
        try await parent.send(reply)
      }
      start = end
    }
    var last = whole
    last.outputs = .whole([])
    last.counts = last.counts.map { _ in [] }
    last.nanoseconds = 0
    try await parent.send(last)
  }
}
