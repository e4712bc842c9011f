/// A child ended without the result that was waited for.
///
/// The cause tells a crash from a signal, from an exit behind the library's back, from a child that
/// could not start, and so on. An error that the program threw arrives as ``RemoteFailure`` instead.
public struct ChildFailure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// All that is known about the child's end.
  public let report: ExitReport

  /// Makes a failure of a child's end.
  public init(_ report: ExitReport) {
    self.report = report
  }

  /// Why the child ended.
  public var cause: ExitCause { report.cause }

  /// The child and the cause, with the last line of its standard error.
  public var description: String {
    let detail = report.crashAccount.first ?? report.lastErrorLines.last
    return report.description + (detail.map { " — \($0)" } ?? "")
  }
}
