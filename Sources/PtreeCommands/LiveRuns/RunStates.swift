internal import ProcessTree
internal import ProcessTreeProcessControl

/// How runs stand, in a word each: what their roots answer, and what the kernel says of those that do not.
struct RunStates {
  private let answers: [String: Result<RunStatus, DeskClient.Failure>]

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
    case .success(let status): status.phase.rawValue
    case .failure(.silent), .failure(.crowded): Self.noAnswer
    case .failure(.otherVersion(let major)): "protocol \(major)"
    // It has no desk, or is about to end.
    case .failure, nil: "live"
    }
  }

  /// How many of the root's children are up, and how many there are.
  func counts(of run: LiveRun) -> (up: Int, children: Int)? {
    guard case .success(let status)? = run.directory.flatMap({ answers[$0] }) else { return nil }
    return (status.up, status.children)
  }
}
