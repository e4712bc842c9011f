internal import ArgumentParser
internal import Glibc
internal import ProcessTree

/// `ptree hosts`: opens hosts, runs a node on each, and says what it found.
struct HostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hosts", abstract: "Checks whether nodes can run on hosts.",
    discussion: """
      A host is a destination of ssh, or 'command:' and the words of another engine, such as \
      'command:docker exec -i web'. Exit code 0 if a node has run on each.
      """)

  @Argument(help: "The hosts.")
  var hosts: [String]

  @Option(help: "The path of this program on the hosts, if it is another than here.")
  var program: String?

  @Option(help: "How many seconds a host may take to be up.")
  var within: Double = 30

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    guard within > 0, within <= 3_600 else {
      throw ValidationError("A host has more than 0 and at most 3600 seconds to be up.")
    }
  }

  /// Checks one host after the other; returns the exit code.
  func perform(in root: Node) async throws -> Int32 {
    var isGood = true
    for text in hosts {
      let report = await Self.check(host(text), in: root)
      try Task.checkCancellation()
      isGood = isGood && report.failure == nil
      try Standard.output.write(json ? report.jsonLine : report.description + "\n")
    }
    return isGood ? ExitStatusCode.success : ExitStatusCode.failure
  }

  /// The host that an argument stands for.
  private func host(_ text: String) -> Host {
    let prefix = "command:"
    var host =
      text.hasPrefix(prefix)
      ? Host.command(
        text.dropFirst(prefix.count).split(separator: " ").map(String.init), name: "command",
        program: program)
      : Host.ssh(text, program: program)
    host.startDeadline = .seconds(within)
    return host
  }

  private static func check(_ host: Host, in root: Node) async -> HostReport {
    var report = HostReport(host: host.name)
    let clock = ContinuousClock()
    let start = clock.now
    do {
      try await root.withHosts([host]) { hosts in
        report.timeToUp = clock.now - start
        let spawn = clock.now
        report.machine = try await root.spawn(HostProbe(), on: hosts).result
        report.timeOfNode = clock.now - spawn
      }
    } catch {
      report.failure = error
    }
    return report
  }
}

/// What a check of a host has found.
private struct HostReport {
  let host: String
  var timeToUp: Duration = .zero
  var timeOfNode: Duration = .zero
  var machine: Machine?
  var failure: (any Error)?

  var description: String {
    if let failure { return "\(failure)" }
    guard let machine else { return "\(host): nothing is known" }
    return
      "\(host): up in \(Self.milliseconds(timeToUp)); \(machine.name), \(machine.architecture), "
      + "\(machine.processors) processors; a node in \(Self.milliseconds(timeOfNode))"
  }

  private static func milliseconds(_ time: Duration) -> String {
    "\(time.components.seconds * 1_000 + time.components.attoseconds / 1_000_000_000_000_000) ms"
  }

  var jsonLine: String {
    var line = JSONLine()
    line.add("host", host)
    line.add("error", (failure as? HostError)?.code.rawValue ?? failure.map { "\($0)" })
    if let failure {
      line.add("message", "\(failure)")
    } else {
      line.add("timeToUp", timeToUp)
      line.add("timeOfNode", timeOfNode)
      line.add("machine", machine?.name)
      line.add("architecture", machine?.architecture)
      line.add("processors", machine?.processors)
    }
    return line.text
  }
}

/// A machine, as a node on it sees it.
struct Machine: Codable, Sendable {
  var name: String
  var architecture: String
  var processors: Int
}

/// Says on which machine it runs.
struct HostProbe: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Machine {
    var names = utsname()
    uname(&names)
    let name = withUnsafeBytes(of: &names.nodename) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    let architecture = withUnsafeBytes(of: &names.machine) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return Machine(
      name: name, architecture: architecture,
      processors: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }
}
