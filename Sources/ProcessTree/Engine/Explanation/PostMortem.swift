internal import DequeModule
internal import ProcessTreeBase
internal import ProcessTreeWire

/// What a root keeps of its run for the case that it fails: a value, bounded in each of its parts.
///
/// It has texts that nodes wrote and messages of errors, but no environment and no arguments: of
/// programs and commands it has the names alone.
struct PostMortem {
  static let mostEvents = 500
  static let mostFailures = 50
  static let mostNodes = 200
  static let mostLines = 20
  static let longestLine = 512
  /// The most bytes of one part of the file; a longer part is cut.
  static let mostBytes = 256 << 10

  private var events: Deque<String> = []
  private var eventCount = 0
  private var failures: [String] = []
  private var failureCount = 0
  /// The last lines of the nodes that wrote last.
  private var lines: [String: Deque<String>] = [:]
  /// Those nodes, the one that wrote least recently first.
  private var writers: Deque<String> = []
  /// What the nodes waited for, under a heading with the moment.
  private var explanations: [(moment: String, text: String)] = []

  /// Whether any event has come: a tool that has not started a node has nothing to report.
  var isEmpty: Bool { eventCount == 0 }

  /// Notes an event; true if it is the first failure of a node that nobody had requested to stop.
  mutating func note(_ event: LifecycleEvent) -> Bool {
    eventCount += 1
    events.append(Self.line("\(Self.time(event.time)) \(event.path): \(Self.text(of: event))"))
    if events.count > Self.mostEvents { events.removeFirst() }
    guard case .exited(let report) = event.kind, !report.cause.isSuccess else { return false }
    failureCount += 1
    let isAsked = report.stopRequest != nil
    if failures.count < Self.mostFailures {
      let tail = (report.crashAccount.isEmpty ? report.lastErrorLines : report.crashAccount)
        .map { "    " + Self.line($0) }
      failures.append(
        ([Self.line("\(event.path): \(report)")] + tail).joined(separator: "\n"))
    }
    return !isAsked && explanations.isEmpty
  }

  private static func text(of event: LifecycleEvent) -> String {
    guard case .leftBehind(let pid, let command) = event.kind else { return "\(event)" }
    var event = event
    let name = command.split(separator: " ").first.map { String($0) } ?? ""
    event.kind = .leftBehind(pid: pid, command: name)
    return "\(event)"
  }

  /// Notes what a node has written.
  mutating func note(_ chunk: OutputChunk) {
    guard !chunk.bytes.isEmpty else { return }
    if lines[chunk.node] == nil {
      writers.append(chunk.node)
      if writers.count > Self.mostNodes, let oldest = writers.popFirst() { lines[oldest] = nil }
    }
    var kept = lines[chunk.node] ?? []
    for line in chunk.bytes.split(separator: UInt8(ascii: "\n")).suffix(Self.mostLines) {
      kept.append(Self.line(String(decoding: line.prefix(Self.longestLine), as: UTF8.self)))
      if kept.count > Self.mostLines { kept.removeFirst() }
    }
    lines[chunk.node] = kept
  }

  /// Notes what the nodes wait for at a moment; the first two moments stay.
  mutating func note(_ found: [NodeExplanation], at moment: String) {
    guard explanations.count < 2 else { return }
    let text = found.map { "\($0)" }.joined(separator: "\n")
    explanations.append((moment, text.limited(to: Self.mostBytes)))
  }

  /// The file's text.
  func text(of run: String, exitCode: Int32, at time: Int64) -> String {
    let head = "Post-mortem of the run \(run), \(Self.time(time)), exit code \(exitCode)"
    var parts = [head]
    func add(_ heading: String, _ texts: [String], of count: Int) {
      let omitted = count > texts.count ? ["(\(count - texts.count) more)"] : []
      let body = (texts.isEmpty ? ["(none)"] : texts) + omitted
      parts.append("== \(heading)\n" + body.joined(separator: "\n").limited(to: Self.mostBytes))
    }
    add("Ends without success, the first ones first", failures, of: failureCount)
    for found in explanations { add("Nodes \(found.moment)", [found.text], of: 1) }
    add("Last events", Array(events), of: eventCount)
    let written = writers.reversed().map { node in
      ([node + ":"] + (lines[node] ?? []).map { "  \($0)" }).joined(separator: "\n")
    }
    add("Last lines, of the nodes that wrote last first", written, of: written.count)
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func line(_ text: String) -> String {
    text.limited(to: longestLine).withoutControlCharacters
  }

  /// Seconds since 1970, to the millisecond.
  private static func time(_ nanoseconds: Int64) -> String {
    let milliseconds = String(nanoseconds / 1_000_000 % 1_000)
    return "\(nanoseconds / 1_000_000_000)."
      + String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
  }
}
