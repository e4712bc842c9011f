/// The failure of a child that ended without a result.
///
/// The cause distinguishes a crash, a signal, a direct exit of the process, a child that could not
/// start, and so on. An error that the program threw arrives as ``RemoteFailure`` instead.
public struct ChildFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// All facts about the child's end.
  public let report: ExitReport

  /// Makes a failure of a child's end.
  public init(_ report: ExitReport) {
    self.report = report
  }

  /// Why the child ended.
  public var cause: ExitCause { report.cause }

  /// The child and the cause, with the first line about a crash or the last line of standard error.
  public var description: String {
    let detail = report.crashAccount.first ?? report.lastErrorLines.last
    return report.description + (detail.map { " — \($0)" } ?? "")
  }
}
