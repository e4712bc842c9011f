/// How a program ended, by its own report; an outcome that the parent has recorded cannot be lost
/// any more.
enum RecordedOutcome: Equatable, Sendable {
  /// What it returned, encoded.
  case result([UInt8])
  /// The error that it threw.
  case failure(RemoteFailure)
  /// The code that it asked to exit with.
  case exit(Int32)
  /// It ended because it had been asked to stop.
  case cancelled

  var isResult: Bool {
    if case .result = self { true } else { false }
  }

  /// The code that the process exits with.
  var exitCode: Int32 {
    switch self {
    case .result, .cancelled: 0
    case .failure: 1
    case .exit(let code): code
    }
  }
}
