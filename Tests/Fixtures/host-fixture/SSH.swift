import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// The host behind `ssh` whose destination and options are the arguments of the scenario.
private func remote() -> Host {
  let arguments = CommandLine.arguments.dropFirst(2)
  var host = Host.ssh(
    arguments.first ?? "localhost", name: "b", slots: 4, options: Array(arguments.dropFirst()))
  host.lease = .seconds(3)
  return host
}

let sshScenarios: [String: Scenario] = [
  "ssh": { root, test in
    try await root.withHosts([remote()]) { hosts in
      let family = try await root.spawn(Family(), on: hosts).result
      test.equal(family.map(\.host), ["b", "b"])
      let sum = try await root.withChildren(of: Int.self, limit: 4) { group in
        for number in 1...20 { try await group.spawn(Square(number: number), on: hosts) }
        return try await group.reduce(0, +)
      }
      test.equal(sum, (1...20).reduce(0) { $0 + $1 * $1 })
      let child = try await root.spawn(Large(given: [7], count: 8 << 20), on: hosts)
      test.equal(try await child.result.count, 8 << 20)
    }
  },

  "sshKilled": { root, test in try await resume(root, test, by: SIGKILL) },

  // Nothing is heard of either side, and no connection ends.
  "sshSilent": { root, test in try await resume(root, test, by: SIGSTOP) },

  // The request goes before what is under way, and behind no more than the link has taken.
  "stopInBulk": { root, test in
    try await root.withHosts([remote()]) { hosts in
      let (numbers, taken) = root.makePipe(of: [UInt8].self)
      let child = try await root.spawn(Sink(bytes: taken), on: hosts)
      let sending = Task {
        while true { try await numbers.send([UInt8](repeating: 1, count: 1 << 20)) }
      }
      try await Task.sleep(for: .seconds(4))
      let start = Duration.sinceBoot
      _ = try await child.stop()
      sending.cancel()
      let asked = child.exitReport?.lastErrorLines.compactMap { Int64($0) }.last
      let time = .nanoseconds(asked ?? .max) - start
      print("asked after \(time)")
      test.expect(time < .milliseconds(500).scaled, "it was asked after \(time)")
    }
  },

  // The arguments are how often, and the destinations.
  "openedAgainAndAgain": { root, test in
    let arguments = CommandLine.arguments.dropFirst(2)
    let hosts = arguments.dropFirst().map { Host.ssh($0) }
    func open() async throws {
      try await root.withHosts(hosts) { hosts in
        for host in hosts.all {
          test.equal(try await root.spawn(Square(number: 3), on: host).result, 9)
        }
      }
    }
    try await open()
    let before = await ResourceAudit.atRest()
    let count = arguments.first.flatMap { Int($0) } ?? 1
    for _ in 0..<count { try await open() }
    await test.nothingLeft(since: before, "\(count) times \(hosts.count) hosts:")
  },

  "sshRefused": { root, test in
    let error = await test.thrown(HostError.self) {
      try await root.withHosts([remote()]) { _ in }
    }
    print(error.map { "\($0.code): \($0.message)" } ?? "none")
  },
]

/// Cuts the link by a signal to the process of `ssh`; it goes on over another.
private func resume(_ root: Node, _ test: Expectations, by signal: Int32) async throws {
  let events = try await root.events
  try await root.withHosts([remote()]) { hosts in
    let child = try await root.spawn(Echo(), on: hosts)
    try await exchange(child, 1...50, test)
    for ssh in children(of: keeper(of: root)) { kill(ssh, signal) }
    try await exchange(child, 51...150, test)
    try await child.send(0)
    test.equal(try await child.result, 150)
  }
  test.equal(await words(in: events), ["up b", "cut b", "resumed b"])
}

/// Receives bytes, and reports when it is asked to stop.
struct Sink: NodeProgram {
  var bytes: Receiver<[UInt8]>

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await withTaskCancellationHandler {
      for try await _ in bytes {}
    } onCancel: {
      let time = Duration.sinceBoot.components
      let line = "\(time.seconds * 1_000_000_000 + time.attoseconds / 1_000_000_000)\n"
      _ = line.withCString { write(2, $0, strlen($0)) }
    }
  }
}

extension Duration {
  /// The time of a clock that all processes of a machine share.
  fileprivate static var sinceBoot: Duration {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

/// The children of a process.
func children(of pid: Int32) -> [Int32] {
  guard let stream = fopen("/proc/\(pid)/task/\(pid)/children", "r") else { return [] }
  defer { fclose(stream) }
  var line = [CChar](repeating: 0, count: 512)
  guard fgets(&line, 512, stream) != nil else { return [] }
  let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return text.split(separator: " ").compactMap { Int32($0) }
}
