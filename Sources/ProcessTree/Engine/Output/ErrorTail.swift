internal import DequeModule
internal import ProcessTreeBase
internal import ProcessTreeWire

/// The part of a process's standard error that is kept for its exit report.
struct ErrorTail {
  static let lastLines = 20
  /// A crash account is longer, and its beginning has the cause.
  static let accountLines = 100
  /// The most bytes of a line; the rest of a longer one is dropped.
  static let longestLine = 1_024

  private var last: Deque<String> = []
  private var account: [String]?
  private var open: [UInt8] = []
  private var isLineOpen = false

  mutating func append(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      extend(with: rest[..<end])
      endLine()
      rest = rest[rest.index(after: end)...]
    }
    if !rest.isEmpty { extend(with: rest) }
  }

  mutating func finish() {
    if isLineOpen { endLine() }
  }

  private mutating func extend(with bytes: some Collection<UInt8>) {
    isLineOpen = true
    open += bytes.prefix(Self.longestLine - open.count)
  }

  private mutating func endLine() {
    // Replacing invalid UTF-8 makes the text longer.
    let text = String(decoding: open, as: UTF8.self).prefix(bytes: Self.longestLine)
    let beginsAccount = beginsAccount(open)
    open.removeAll(keepingCapacity: true)
    isLineOpen = false
    last.append(text)
    if last.count > Self.lastLines { last.removeFirst() }
    if beginsAccount { account = [] }
    if let count = account?.count, count < Self.accountLines { account?.append(text) }
  }

  var lastErrorLines: [String] { Array(last) }

  /// The Swift runtime's report of a crash, from its message or else from its backtrace on.
  var crashAccount: [String] { account ?? [] }

  /// The most lines between a message and its backtrace.
  private static let messageToBacktrace = 10

  private func beginsAccount(_ line: [UInt8]) -> Bool {
    if line.withUnsafeBytes({ $0.contains("Fatal error") }) { return true }
    guard line.withUnsafeBytes({ $0.contains("Program crashed") }) else { return false }
    return account.map { $0.count > Self.messageToBacktrace } ?? true
  }
}
