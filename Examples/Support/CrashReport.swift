import ProcessTree

/// How children ended, and whether their parent learnt it rightly.
public struct CrashReport: ExampleReport {
  /// One child's end.
  struct End: Encodable, Sendable {
    let ending: Ending
    let cause: String
    let exitCode: Int32?
    let lastLine: String?
    let isAsExpected: Bool

    init(_ ending: Ending, _ report: ExitReport) {
      self.ending = ending
      cause = report.cause.description
      exitCode = report.exitCode
      lastLine = report.crashAccount.first ?? report.lastErrorLines.last
      isAsExpected = ending.isExplained(by: report)
    }
  }

  let ends: [End]

  /// Whether all ended as expected.
  public var isSuccess: Bool {
    ends.count == Ending.allCases.count && ends.allSatisfy(\.isAsExpected)
  }

  /// A row for each child.
  public var text: String {
    let rows = ends.map { end in
      [
        end.ending.rawValue, end.exitCode.map { "\($0)" } ?? "-",
        visibleText(end.cause.utf8) + (end.isAsExpected ? "" : " (not expected)"),
        visibleText((end.lastLine ?? "-").utf8),
      ]
    }
    let heading = ["what the child does", "exit code", "cause", "last line of standard error"]
    return TextTable(rows: [heading] + rows, rightAligned: [1]).text
  }

  /// Encodes the ends as an array.
  public func encode(to encoder: any Encoder) throws { try ends.encode(to: encoder) }
}
