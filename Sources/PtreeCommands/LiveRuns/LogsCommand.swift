internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// `ptree logs`: what nodes of a live run have written, and what they write.
struct LogsCommand: LiveCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "logs",
      abstract: "Prints what nodes of a live run have written, and with -f what they write.",
      discussion: LiveHelp(
        examples: [
          "logs shop --lines 100": "the last lines of all",
          "logs -f shop 'web*' --since 5m": "and what follows",
          "logs shop db --stream stderr": "one stream of a node",
        ],
        codes: [
          LiveExitCode.impossible: "",
          LiveExitCode.noAnswer:
            "the root does not answer; what it keeps in files has been printed",
          128 + SIGPIPE: "nobody reads the output any more",
        ]
      ).text(
        "How much is kept of a node of a topology file says its log.keep, 16 MiB without it."))
  }

  @Argument(
    help: LiveHelp.words("the nodes, each with those below it."))
  var words: [String] = []

  @Flag(name: .shortAndLong, help: "Go on with what they write, until the run ends.")
  var follow = false

  @Option(parsing: .unconditional, help: "Begin with at most this number of lines.")
  var lines: Int?

  @Option(
    help: ArgumentHelp(
      "Only what was written in this time before now: 90s, 5m, 1h30m, or seconds.",
      valueName: "time"))
  var since: Age?

  @Option(help: "Only what was written to stdout, or to stderr.")
  var stream: Stream?

  @Flag(help: "Print the time of each line, as the root received it, in UTC.")
  var timestamps = false

  @Flag(help: "Print the bytes as they were written: without names, and whatever a terminal does.")
  var raw = false

  @OptionGroup var live: LiveOptions

  /// A time before now.
  struct Age: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
      guard let time = Quantity.time(argument) ?? Seconds(argument: argument)?.duration else {
        return nil
      }
      duration = time
    }
  }

  /// A stream of a node.
  enum Stream: ExpressibleByArgument, CaseIterable {
    case output, error

    init?(argument: String) {
      switch argument {
      case "stdout", "out": self = .output
      case "stderr", "err": self = .error
      default: return nil
      }
    }

    static var allValueStrings: [String] { ["stdout", "stderr"] }
  }

  func validate() throws {
    guard lines ?? 0 >= 0 else { throw ValidationError("The number of lines is at least 0.") }
    guard !raw || !live.json else { throw ValidationError("--raw and --json exclude each other.") }
    guard !raw || !timestamps else {
      throw ValidationError("--raw and --timestamps exclude each other.")
    }
  }

  func perform() throws {
    let (run, rest) = try RunChoice().choose(words)
    var log = RunLog(
      LogPrinter(raw ? .raw : live.json ? .json : .named, hasTimes: timestamps), of: run,
      lines: lines, wants: isWanted)
    do {
      var line = try RunLine(run)
      let patterns =
        rest.isEmpty
        ? []
        : try NodeChoice(
          nodes: line.request(.tree).nodes, isOfOnlyRun: rest.count == words.count
        ).patterns(rest)
      try log.show(patterns, by: &line, follows: follow)
    } catch let refusal as RunRefusal
      where refusal.code == LiveExitCode.noAnswer || refusal.failure == .absent
    {
      // Output in files is read without an answer of the root.
      try log.showFiles(of: rest)
      throw refusal
    }
    try log.finish()
  }

  /// Whether a piece is of the time and the stream that are meant.
  private var isWanted: (RunOutput) -> Bool {
    let start = since.map { age in
      Int64(Date().timeIntervalSince1970 * 1_000) * 1_000_000 - Int64(age.duration.wholeNanoseconds)
    }
    let stream = stream
    return { output in
      if let start, output.time < start { return false }
      return stream.map { ($0 == .error) == output.isError } ?? true
    }
  }
}
