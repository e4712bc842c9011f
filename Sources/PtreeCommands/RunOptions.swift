internal import ArgumentParser
internal import ProcessTree

/// The options of every run.
///
/// An option whose value is a number takes whatever follows it, so that `-1` is a number that is
/// too small and no option that is unknown.
struct RunOptions: ParsableArguments {
  @Flag(
    help: """
      Print the result as one JSON document on standard output; what nodes write there goes to \
      standard error.
      """)
  var json = false

  @Option(
    help: ArgumentHelp(
      "Write every lifecycle event as a line of JSON to a file, or with - to standard output.",
      valueName: "file|-"))
  var events: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Stop the run after this number of seconds, with exit code 124.", valueName: "seconds"))
  var timeout: Seconds?

  @Option(
    help: """
      How nodes start their children: forkServer, spawn, or inProcess, as tasks of one process for \
      debugging.
      """)
  var startMethod: StartMethodName = .forkServer

  @Option(
    parsing: .unconditional,
    help: "How many children a node has at a time; the number of processors without it.")
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      """
      If the run fails, write how nodes ended, what they waited for, the last events and the last \
      lines to a file in this directory.
      """, valueName: "directory"))
  var postMortem: String?

  @Option(
    help: """
      Whether the run's processes are in a control group, which ends all of them with the run: off, \
      whereAvailable, or required.
      """)
  var cgroup: ControlGroupName = .off

  @Flag(help: "Print no lifecycle events and no progress on standard error.")
  var quiet = false

  @OptionGroup var hosts: HostOptions

  func validate() throws { try settings.validate() }

  /// The values of these options.
  var settings: RunSettings {
    RunSettings(
      json: json, events: events, timeout: timeout, startMethod: startMethod, limit: limit,
      postMortem: postMortem, cgroup: cgroup, quiet: quiet, hosts: hosts.settings)
  }
}

/// The values of the options of a run: a plain line makes no option of the parser, each of which is
/// dear.
struct RunSettings {
  var json = false
  var events: String?
  var timeout: Seconds?
  var startMethod = StartMethodName.forkServer
  var limit: Int?
  var postMortem: String?
  var cgroup = ControlGroupName.off
  var quiet = false
  var hosts = HostSettings()

  /// The flags and the options of a plain line.
  static let ofPlainLines = (
    flags: ["--json", "--quiet", "--trust"],
    options: ["--events", "--timeout", "--start-method", "--limit", "--post-mortem", "--cgroup"]
  )

  func validate() throws {
    guard limit ?? 1 > 0 else { throw ValidationError("The limit is at least 1.") }
    guard hosts.isEmpty || startMethod != .inProcess else {
      throw ValidationError("Nodes on hosts are processes; --start-method is forkServer or spawn.")
    }
    if let timeout, timeout.duration <= .zero {
      throw ValidationError("The timeout is more than 0 seconds.")
    }
  }
}

extension RunSettings {
  /// Takes the options of a plain line; nil if it is for the parser.
  init?(_ line: PlainLine) {
    self.init(json: line.has("--json"), quiet: line.has("--quiet"))
    hosts.trust = line.has("--trust")
    guard line.read("--events", { $0 }, { events = $0 }),
      line.read("--post-mortem", { $0 }, { postMortem = $0 }),
      line.read("--timeout", Seconds.init(argument:), { timeout = $0 }),
      line.read("--limit", { Int($0) }, { limit = $0 }),
      line.read("--start-method", StartMethodName.init(rawValue:), { startMethod = $0 }),
      line.read("--cgroup", ControlGroupName.init(rawValue:), { cgroup = $0 }),
      (try? validate()) != nil
    else { return nil }
  }
}

/// A duration on the command line, in seconds.
struct Seconds: ExpressibleByArgument, CustomStringConvertible {
  let duration: Duration

  init(duration: Duration) {
    self.duration = duration
  }

  init?(argument: String) {
    guard let seconds = Double(argument), (0...1_000_000_000).contains(seconds) else { return nil }
    duration = .seconds(seconds)
  }

  var description: String { "\(duration / .seconds(1))" }
}

/// The names of whether a run has a control group.
enum ControlGroupName: String, ExpressibleByArgument, CaseIterable {
  case off, whereAvailable, required

  var mode: ControlGroupMode {
    switch self {
    case .off: .off
    case .whereAvailable: .whereAvailable
    case .required: .required
    }
  }
}

/// The names of the start methods.
enum StartMethodName: String, ExpressibleByArgument, CaseIterable {
  case forkServer, spawn, inProcess

  var method: StartMethod {
    switch self {
    case .forkServer: .forkServer
    case .spawn: .spawn
    case .inProcess: .inProcess
    }
  }
}
