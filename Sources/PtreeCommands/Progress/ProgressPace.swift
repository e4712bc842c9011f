/// When lines of progress are written where nothing can be overwritten: seldom.
struct ProgressPace {
  /// Runs that are shorter have none.
  static let begin: Duration = .seconds(2)
  /// The time between two lines of a stage.
  static let interval: Duration = .seconds(5)

  private var written: [String: (time: Duration, completed: Int)] = [:]

  /// The stages of which a line is due, which counts as written.
  mutating func due(_ stages: [StageProgress], at time: Duration) -> [StageProgress] {
    guard time >= Self.begin else { return [] }
    let due = stages.filter { stage in
      guard let last = written[stage.name] else { return true }
      return time - last.time >= Self.interval && stage.completed != last.completed
    }
    for stage in due { written[stage.name] = (time, stage.completed) }
    return due
  }
}
