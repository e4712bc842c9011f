import ProcessTree

/// How children ended, and whether their parent learnt it rightly.
public struct CrashReport: ExampleReport, Encodable {
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

  /// A row for each child, long texts cut short.
  public var text: String {
    let rows = ends.map { end in
      [
        end.ending.rawValue, end.exitCode.map { "\($0)" } ?? "-",
        (end.isAsExpected ? "" : "NOT EXPECTED: ") + shortened(end.cause),
        shortened(end.lastLine ?? "-"),
      ]
    }
    let heading = ["what the child does", "exit code", "cause", "last line of standard error"]
    return TextTable(rows: [heading] + rows, rightAligned: [1]).text
  }

  private func shortened(_ text: String) -> String {
    let text = visibleText(text.utf8)
    return text.count <= 64 ? text : text.prefix(63) + "…"
  }

  /// Encodes the ends as an array.
  public func encode(to encoder: any Encoder) throws { try ends.encode(to: encoder) }
}
