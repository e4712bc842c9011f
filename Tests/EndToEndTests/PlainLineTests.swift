import ArgumentParser
import ProcessTreeRandomTesting
import Testing

@testable import PtreeCommands

/// What the tool reads without the parser of arguments, beside what the parser reads.
struct PlainLineTests {
  private static func account(_ command: FileRequest) -> String {
    let (options, hosts, detached) = (command.options, command.options.hosts, command.detached)
    let parts: [Any] = [
      command.file, account(command.topology), options.json, options.quiet, options.events as Any,
      options.timeout as Any, options.startMethod, options.limit as Any, options.postMortem as Any,
      options.cgroup, hosts.host, hosts.hosts, hosts.trust, hosts.lease as Any,
      hosts.minimumHosts as Any, detached.detach, detached.wait, detached.log as Any,
    ]
    return parts.map { "\($0)" }.joined(separator: " ")
  }

  private static func account(_ options: TopologySettings) -> String {
    "\(options.set) \(options.variables) \(options.overlay) \(options.profile) \(options.only) "
      + "\(options.without)"
  }

  private static func account(_ command: CheckCommand) -> String {
    "\(command.files) \(command.strict) \(command.withoutEnvironment) \(command.askApp) "
      + "\(command.trust) \(command.json) \(command.print) \(command.origins) \(command.plan) "
      + account(command.topology.settings)
  }

  private static func account(_ command: PsCommand) -> String {
    "\(command.words) \(command.live.json) \(command.live.quiet)"
  }

  /// The meaning of a line without the parser; nil if it is for that.
  private static func plain(_ words: [String]) -> String? {
    switch words.first {
    case "run": FileRequest(plain: ["run", "FILE"] + words.dropFirst()).map(account)
    case "check": CheckCommand(plain: words).map(account)
    default: PsCommand(plain: words).map(account)
    }
  }

  /// What the parser reads; nil if it refuses the line.
  private static func parsed(_ words: [String]) -> String? {
    let rest = Array(words.dropFirst())
    switch words.first {
    case "run": return try? account(RunTopology.parse(rest).request)
    case "check": return try? account(CheckCommand.parse(rest))
    default: return try? account(PsCommand.parse(rest))
    }
  }

  private static func words(_ line: String) -> [String] {
    line.split(separator: " ").map(String.init)
  }

  @Test(arguments: [
    "run a.yaml", "run a.yaml --quiet --json", "run - --events -", "run a.yaml --trust --limit 3",
    "run a.yaml --set a=b --set c=d --only x,y --timeout 2.5 --detach --wait 3 --log l",
    "run --cgroup off --start-method spawn --post-mortem d a.yaml", "check a.yaml b.yaml --plan",
    "check --set a=1 - --strict --json", "ps", "ps --json x",
  ]) func aPlainLineIsReadAsTheParserWould(_ line: String) {
    let plain = Self.plain(Self.words(line))
    #expect(plain != nil)
    #expect(plain == Self.parsed(Self.words(line)))
  }

  @Test(arguments: [
    "run", "run a b", "run a --help", "run a --limit x", "run a --limit 0", "run a --set",
    "run a --log l",
    "run a --json=1", "run -- a", "run a --timeout -1", "run a --events b --events c",
    "run a --host h",
    "check", "check a --origins", "check a b --ask-app", "check a --version", "ps a b", "ps --all",
  ]) func whatHasToBeExplainedIsForTheParser(_ line: String) {
    #expect(Self.plain(Self.words(line)) == nil)
  }

  @Test func anyPlainLineIsReadAsTheParserWould() {
    let vocabulary = [
      "a.yaml", "b", "", "-", "--", "-1", "5", "0", "2.5", "off", "spawn", "a=b", "x,y", "--help",
      "-h",
      "--json", "--quiet", "--trust", "--detach", "--strict", "--plan", "--print", "--origins",
      "--ask-app", "--without-environment", "--set", "--variables", "--overlay", "--profile",
      "--only", "--without", "--events", "--timeout", "--limit", "--post-mortem", "--cgroup",
      "--start-method", "--wait", "--log", "--host", "--json=1", "--set=a=b", "--limit=3",
    ]
    var generator = SeededGenerator(seed: 1)
    var plain = 0
    for _ in 0..<4_000 {
      let command = ["run", "check", "ps"][generator.int(0...2)]
      let rest = (0..<generator.int(0...6)).map { _ in
        vocabulary[generator.int(0...(vocabulary.count - 1))]
      }
      guard let read = Self.plain([command] + rest) else { continue }
      plain += 1
      #expect(read == Self.parsed([command] + rest), "\(command) \(rest)")
    }
    #expect(plain > 100)
  }
}
