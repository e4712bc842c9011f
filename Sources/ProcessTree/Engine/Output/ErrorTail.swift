internal import DequeModule
internal import ProcessTreeWire

/// What is kept of a process's standard error for its exit report.
struct ErrorTail {
  /// The last lines that are kept.
  static let lastLines = 20
  /// A crash account is longer, and its head says what happened.
  static let accountLines = 100
  /// The longest line, in bytes; the rest of a longer one is left out.
  static let longestLine = 1_024

  private var last: Deque<String> = []
  private var account: [String]?
  /// The beginning of the line that has not ended.
  private var open: [UInt8] = []
  private var isLineOpen = false

  /// Takes the next bytes of the stream.
  mutating func append(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      extend(with: rest[..<end])
      endLine()
      rest = rest[rest.index(after: end)...]
    }
    if !rest.isEmpty { extend(with: rest) }
  }

  /// The stream has ended, perhaps within a line.
  mutating func finish() {
    if isLineOpen { endLine() }
  }

  private mutating func extend(with bytes: some Collection<UInt8>) {
    isLineOpen = true
    open += bytes.prefix(Self.longestLine - open.count)
  }

  private mutating func endLine() {
    // Bytes that are no text become longer by being decoded.
    let text = String(decoding: open, as: UTF8.self).prefix(bytes: Self.longestLine)
    open.removeAll(keepingCapacity: true)
    isLineOpen = false
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
