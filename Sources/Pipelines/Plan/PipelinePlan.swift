/// The stages of a pipeline with their places, their feeders, and the names and numbers of their
/// workers.
struct PipelinePlan: Sendable {
  /// A stage in its place.
  struct Stage: Sendable {
    let index: Int
    /// The stage, by a name that no other one of the pipeline has.
    let description: StageDescription
    /// The numbers of its workers among all workers of the pipeline, of those as well that it may
    /// get while it runs.
    let workers: Range<Int>
    /// The stages whose output is its input; the source when there are none.
    var feeders: [Int]
    /// How many envelopes arrive at the end for one that leaves the stage.
    var widthBehind: Int
    /// The name of its workers without their numbers.
    let nodeName: String

    /// The node name of a worker, counted from 0 on within the stage.
    func nodeName(ofWorker worker: Int) -> String { "\(nodeName)-\(worker + 1)" }
  }

  private(set) var stages: [Stage] = []
  /// The stages whose output is the pipeline's; the source when there are none.
  private(set) var last: [Int] = []
  /// How many envelopes arrive at the end for each that leaves the source.
  let width: Int
  /// Whether some stage, or the reader of the outputs, gets them in order.
  let restoresOrder: Bool

  /// How many envelopes arrive at the end for each of a stream.
  func width(of stream: EnvelopeSourceID.Value) -> UInt64 {
    guard let worker = EnvelopeSourceID.worker(of: stream) else { return UInt64(width) }
    return UInt64(stages.first { $0.workers.contains(worker) }?.widthBehind ?? 1)
  }

  /// How many workers there may be in all.
  var workerCount: Int { stages.last?.workers.upperBound ?? 0 }

  /// How many of the source's envelopes may be on their way, for so many workers at work.
  static func envelopesInFlight(workers: Int) -> Int { 8 + 8 * workers }

  /// How many of the envelopes that a worker begins may be on their way; nil if no stage restores
  /// the order.
  var mostInFlightOfWorkers: Int? {
    guard restoresOrder else { return nil }
    return Self.envelopesInFlight(workers: stages.map(\.description.workers).reduce(0, +))
  }

  /// How many envelopes a receiver may have that it has not begun, from each sender.
  ///
  /// Enough to go on while acknowledgements are on their way. Items that one worker has not begun
  /// while another is idle go to that one.
  static let prefetch = 16

  /// - Throws: `PipelineError`.
  init(_ shape: PipelineShape, isOrdered: Bool) throws {
    width = shape.width
    restoresOrder = isOrdered || shape.stages.contains(where: \.isOrdered)
    let marks = Self.marks(of: shape.stages.map(\.name))
    for (index, stage) in shape.stages.enumerated() {
      func refuse(_ code: PipelineError.Code, _ message: String) -> PipelineError {
        PipelineError(code, message, stage: index, stageName: stage.name + marks[index])
      }
      guard stage.workers > 0 else {
        throw refuse(.invalidSize, "a stage has at least one worker")
      }
      guard stage.attempts > 0 else {
        throw refuse(.invalidOption, "an item has at least one attempt")
      }
      if stage.isOrdered, stage.sharing == .balanced, stage.workers > 1 {
        throw refuse(
          .orderNotPossible,
          "\(stage.workers) workers that share their input cannot have it in order: let it have "
            + "one worker, or partition its input")
      }
    }
    var feeders: [Int] = []
    place(shape, marks, feeders: &feeders, widthBehind: 1)
    last = feeders
  }

  /// Whether the envelopes of a stage are dealt to its workers by their numbers.
  ///
  /// Behind a stateless stage an envelope may come twice, from a worker that died and from its
  /// successor. With several workers that keep state, both have to come to the same one, which
  /// takes the first.
  func isDealt(_ stage: Stage) -> Bool {
    stage.description.sharing == .balanced && stage.description.workers > 1
      && stage.description.isStateful
      && stage.feeders.contains { !stages[$0].description.isStateful }
  }

  /// Throws unless a stage may have this number of workers from now on.
  func check(workers count: Int, ofStage index: Int) throws(PipelineError) {
    guard stages.indices.contains(index) else {
      throw PipelineError(
        .noSuchStage,
        "there is no stage \(index): the pipeline has \(stages.count), counted from 0 on",
        stage: index)
    }
    let stage = stages[index].description
    if let obstacle = stage.obstacleToResizing {
      throw PipelineError(
        .notResizable,
        "the number of its workers cannot change while it runs, because \(obstacle): choose it where "
          + "the pipeline is made", stage: index, stageName: stage.name)
    }
    guard (1...stage.mostWorkers).contains(count) else {
      throw PipelineError(
        .invalidSize, "it has 1 to \(stage.mostWorkers) workers, not \(count)", stage: index,
        stageName: stage.name)
    }
  }

  private mutating func place(
    _ shape: PipelineShape, _ marks: [String], feeders: inout [Int], widthBehind: Int
  ) {
    switch shape {
    case .stage(var description):
      let start = workerCount
      let (mark, name) = (marks[stages.count], Self.nodeName(description.name))
      description.name += mark
      stages.append(
        Stage(
          index: stages.count, description: description,
          workers: start..<start + description.mostWorkers, feeders: feeders,
          widthBehind: widthBehind, nodeName: name + mark))
      feeders = [stages.count - 1]
    case .chain(let parts):
      for (place, part) in parts.enumerated() {
        let behind = PipelineShape.chain(Array(parts[(place + 1)...]))
        self.place(part, marks, feeders: &feeders, widthBehind: behind.width * widthBehind)
      }
    case .branches(let parts):
      var all: [Int] = []
      for part in parts {
        var own = feeders
        place(part, marks, feeders: &own, widthBehind: widthBehind)
        all += own
      }
      feeders = all
    }
  }

  /// The suffixes that make each name the name of one stage: nothing, or the stage's number from 1
  /// on.
  private static func marks(of names: [String]) -> [String] {
    var counts: [String: Int] = [:]
    for name in names { counts[name, default: 0] += 1 }
    return names.enumerated().map { counts[$1] == 1 ? "" : "[\($0 + 1)]" }
  }

  /// A node's name has at most 64 bytes, and no slashes or control characters.
  private static func nodeName(_ name: String) -> String {
    let plain = name.unicodeScalars.map { scalar in
      (0x21...0x7E).contains(scalar.value) && scalar != "/" ? scalar : "_"
    }
    return String(String.UnicodeScalarView(plain.prefix(40)))
  }
}
