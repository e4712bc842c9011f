internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeProcessControl

/// How a run stands, as its root answers, or as it does not.
struct RunStanding {
  /// In a word.
  let word: String
  /// What the root has answered; nil if it has not.
  var status: RunStatus?
  /// The version of the desk's protocol that the root speaks; nil if it has not reported it.
  var version: String?

  init(_ standing: DeskClient.Standing) {
    word = standing.status.phase.rawValue
    status = standing.status
    version = "\(standing.version.major).\(standing.version.minor)"
  }

  /// - Parameter failure: Why the root has not answered; nil for one that has not been asked.
  init(_ run: LiveRun, _ failure: DeskClient.Failure?) {
    guard let root = run.root else {
      word = "remains"
      return
    }
    switch failure {
    case _ where root.isStopped || run.isSuspended: word = "suspended"
    case .silent, .crowded: word = Self.noAnswer
    case .otherVersion(let major):
      word = "protocol \(major)"
      version = "\(major)"
    // It has no desk, or is about to end.
    case .absent, .closed, .refused, nil: word = "live"
    }
  }

  /// The words for a run whose root has not answered.
  static let noAnswer = "no answer for \(RunLine.patience.wholeSeconds) s"
}

/// How runs stand, all of whose roots have been asked at once.
struct RunStates {
  private let answers: [String: Result<DeskClient.Standing, DeskClient.Failure>]

  init(of runs: [LiveRun]) {
    let directories = runs.filter { $0.root?.isStopped == false }.compactMap(\.directory)
    answers = DeskClient.statuses(of: directories, within: RunLine.patience)
  }

  func standing(of run: LiveRun) -> RunStanding {
    switch run.directory.flatMap({ answers[$0] }) {
    case .success(let standing) where run.root?.isStopped == false: RunStanding(standing)
    case .success, nil: RunStanding(run, nil)
    case .failure(let failure): RunStanding(run, failure)
    }
  }
}
