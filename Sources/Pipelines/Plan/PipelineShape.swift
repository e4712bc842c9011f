/// A stage as the plan sees it: everything but its types and its body.
struct StageDescription: Hashable, Sendable {
  /// How a stage's input is divided among its workers.
  enum Sharing: Hashable, Sendable {
    /// A worker that is free takes the next envelope.
    case balanced
    /// Items with the same key go to the same worker.
    case partitioned
    /// Every worker gets all.
    case broadcast
  }

  /// The name of the stage's type.
  var name: String
  var workers: Int
  var sharing: Sharing = .balanced
  /// Whether a worker that died can be replaced.
  var isStateless = false
  /// How many workers may die with an item before it is quarantined.
  var attempts = 3
  /// Whether the stage gets its input in the order of the source.
  var isOrdered = false
  /// Whether its command reads what the one before writes, through a pipe of their own.
  var isJoined = false

  /// How many envelopes each one becomes on its way through the stage.
  var lanes: Int { sharing == .balanced ? 1 : workers }

  /// Whether the state of a worker dies with it.
  var isStateful: Bool { !isStateless || isOrdered }

  /// Why the number of workers cannot be changed while they work; nil when it can.
  var obstacleToResizing: String? {
    if isOrdered {
      return "it gets its input in order, which another worker would begin in the middle"
    }
    if sharing != .balanced {
      return "each of its workers has input of its own, which cannot be given to others"
    }
    guard !isStateless else { return nil }
    return "what a worker has seen would go with it, unless the stage is stateless and says so"
  }

  /// How many workers there may be.
  var mostWorkers: Int {
    obstacleToResizing == nil ? max(workers, Self.mostLaterWorkers) : workers
  }

  /// How many workers a stage may get while it runs, unless it began with more.
  private static let mostLaterWorkers = 64
}

/// The stages of a pipeline and how they hang together.
indirect enum PipelineShape: Hashable, Sendable, CustomStringConvertible {
  case stage(StageDescription)
  /// One after another; none at all for a pipeline that has not begun.
  case chain([PipelineShape])
  /// Branches side by side: each gets all, and their outputs come together again.
  case branches([PipelineShape])

  /// The stages in the order in which they were written down.
  var stages: [StageDescription] {
    switch self {
    case .stage(let stage): [stage]
    case .chain(let parts), .branches(let parts): parts.flatMap(\.stages)
    }
  }

  /// How many envelopes leave for each one that enters.
  var width: Int {
    switch self {
    case .stage(let stage): stage.lanes
    case .chain(let parts): parts.reduce(1) { $0 * $1.width }
    case .branches(let parts): parts.reduce(0) { $0 + $1.width }
    }
  }

  /// The stages with the numbers of their workers; branches stand in brackets.
  var description: String {
    switch self {
    case .stage(let stage): "\(stage.name)×\(stage.workers)"
    case .chain(let parts): parts.map(\.description).joined(separator: " → ")
    case .branches(let parts): "[\(parts.map(\.description).joined(separator: " | "))]"
    }
  }

  /// The same with another part behind it.
  func followed(by next: PipelineShape) -> PipelineShape {
    guard case .chain(let parts) = self else { return .chain([self, next]) }
    return .chain(parts + [next])
  }
}
