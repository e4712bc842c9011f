internal import ProcessTree
internal import ProcessTreeProcessControl

/// How runs stand, in a word each: what their roots answer, and what the kernel says of those that do not.
struct RunStates {
  private let answers: [String: Result<DeskClient.Standing, DeskClient.Failure>]

  /// Asks the roots of all runs at once.
  init(of runs: [LiveRun]) {
    let directories = runs.filter { $0.root?.isStopped == false }.compactMap(\.directory)
    answers = DeskClient.statuses(of: directories, within: RunLine.patience)
  }

  /// What is known of a run whose root has been asked in vain.
  static let noAnswer = "no answer for \(RunLine.patience.components.seconds) s"

  func word(for run: LiveRun) -> String {
    guard let root = run.root else { return "remains" }
    if root.isStopped { return "suspended" }
    return switch run.directory.flatMap({ answers[$0] }) {
    case .success(let standing): standing.status.phase.rawValue
    case .failure(.silent), .failure(.crowded): Self.noAnswer
    case .failure(.otherVersion(let major)): "protocol \(major)"
    // It has no desk, or is about to end.
    case .failure, nil: "live"
    }
  }

  /// What the root has answered; nil if it has not.
  func status(of run: LiveRun) -> RunStatus? { standing(of: run)?.status }

  /// The version of the desk's protocol that the root speaks; nil if it has not said.
  func version(of run: LiveRun) -> String? {
    if case .failure(.otherVersion(let major)) = run.directory.flatMap({ answers[$0] }) {
      return "\(major)"
    }
    return standing(of: run).map { "\($0.version.major).\($0.version.minor)" }
  }

  private func standing(of run: LiveRun) -> DeskClient.Standing? {
    try? run.directory.flatMap { answers[$0] }?.get()
  }
}
