internal import DequeModule

/// What is kept of a process's standard error for its exit report.
struct ErrorTail {
  /// The last lines that are kept.
  private static let lastLines = 20
  /// A crash account is longer, and its head says what happened.
  private static let accountLines = 100
  private static let longestLine = 1_024

  private var last: Deque<String> = []
  private var account: [String]?

  /// Takes the next line.
  mutating func append(_ line: [UInt8]) {
    let text = String(decoding: line.prefix(Self.longestLine), as: UTF8.self)
    last.append(text)
    if last.count > Self.lastLines { last.removeFirst() }
    if beginsAccount(text) { account = [] }
    if let count = account?.count, count < Self.accountLines { account?.append(text) }
  }

  var lastErrorLines: [String] { Array(last) }

  /// What the Swift runtime said of a crash: from its message on, if it had one, else from the
  /// backtrace's first line on.
  var crashAccount: [String] { account ?? [] }

  /// How far below its message a backtrace begins.
  private static let messageToBacktrace = 10

  private func beginsAccount(_ line: String) -> Bool {
    if line.contains("Fatal error") { return true }
    guard line.contains("Program crashed") else { return false }
    return account.map { $0.count > Self.messageToBacktrace } ?? true
  }
}
