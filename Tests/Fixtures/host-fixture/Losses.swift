import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// A host is lost: its children end with that cause, and nothing runs there any more.
let lossScenarios: [String: Scenario] = [
  "farHalfKilled": { root, test in try await lose(root, test, .agentGone) { parent($0) } },
  "keeperKilled": { root, test in
    try await lose(root, test, .fenced) { _ in keeper(of: root) }
  },
  // Nobody hears of these by the end of a connection.
  "farHalfStopped": { root, test in
    try await lose(root, test, nil, by: SIGSTOP) { parent($0) }
  },
  "keeperStopped": { root, test in
    try await lose(root, test, .leaseOver, by: SIGSTOP) { _ in keeper(of: root) }
  },

  "bothHalvesStopped": { root, test in
    try await lose(root, test, .leaseOver, by: SIGSTOP) { child in
      kill(parent(child), SIGSTOP)
      return keeper(of: root)
    }
  },

  "othersGoOn": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let lost = try await root.spawn(Ending(way: "sleep"), on: hosts["b"] ?? hosts.all[0])
      let other = try await root.spawn(Echo(), on: hosts["c"] ?? hosts.all[0])
      kill(parent(lost.pid ?? 0), SIGKILL)
      try await lost.join()
      try await other.send(4)
      for try await reply in try await other.messages(of: Int.self) {
        test.equal(reply, 8)
        break
      }
      try await other.send(0)
      test.equal(try await other.result, 1)
      test.equal(try await root.spawn(Square(number: 5), on: hosts).result, 25)
    }
  },
]

/// Opens and closes hosts while the processes that make them up are killed at random moments.
let randomScenarios: [String: Scenario] = [
  "randomKills": { root, test in
    let arguments = CommandLine.arguments
    var random = SystemRandomNumberGenerator()
    let before = ResourceAudit.ofOwn().children
    for round in 0..<(arguments.count > 2 ? Int(arguments[2]) ?? 10 : 10) {
      var seen: Set<Int32> = []
      do {
        try await root.withHosts([here("b"), here("c")]) { hosts in
          var children: [Child<Void>] = []
          for _ in 0..<Int.random(in: 1...4, using: &random) {
            children.append(try root.makeChild(Ending(way: "sleep"), on: hosts))
          }
          for child in children { try? await child.start() }
          seen.formUnion(children.compactMap(\.pid))
          let alive = children.filter(\.isAlive).compactMap(\.pid)
          let halves = root.children.compactMap { $0.name.hasPrefix("host:") ? $0.pid : nil }
          let far = alive.map(parent)
          for victim in (alive + halves + far).filter({ $0 > 1 }) where Bool.random(using: &random)
          {
            kill(victim, SIGKILL)
            usleep(UInt32.random(in: 0...20_000, using: &random))
          }
          // Some are lost, some killed, and the others are stopped with the scope.
          if Bool.random(using: &random) { try await children.first?.join(timeout: .seconds(1)) }
        }
      } catch is HostError {
        // It was lost before it was used.
      }
      let isEmpty = try await eventually { seen.allSatisfy { kill($0, 0) != 0 } }
      test.expect(isEmpty, "round \(round): a process of a host goes on")
      test.expect(root.children.isEmpty, "round \(round): \(root.children.map(\.name))")
    }
    // A far half that nobody could ask to end, and that has no children, ends with its lease.
    let areGone = try await eventually { ResourceAudit.ofOwn().children <= before }
    test.expect(areGone, "far halves go on: \(ResourceAudit.ofOwn())")
  }
]

/// Loses a host by a signal to the process that is chosen by one that runs there.
private func lose(
  _ root: Node, _ test: Expectations, _ evidence: HostLoss.Evidence?,
  by signal: Int32 = SIGKILL,
  _ victim: (Int32) -> Int32
) async throws {
  let file = "/tmp/ptree-loss-\(getpid())"
  unlink(file)
  var host = here("b")
  host.lease = .seconds(2)
  try await root.withHosts([host]) { hosts in
    let child = try await root.spawn(Household(file: file), on: hosts)
    _ = try await eventually { number(in: file) != nil }
    let program = number(in: file) ?? 0
    let pid = child.pid ?? 0
    test.expect(isRunning(pid) && isRunning(program), "nothing runs that could be lost")
    kill(victim(pid), signal)
    try await child.join()
    // It may be that nobody has reaped them yet.
    test.expect(!isRunning(pid), "the child runs on a host that is over")
    test.expect(!isRunning(program), "a program runs on a host that is over")
    guard case .hostLost(let loss)? = child.exitReport?.cause else {
      return test.expect(false, "\(child.exitReport?.cause as Any) is no loss of the host")
    }
    test.equal(loss.host, "b")
    if let evidence { test.equal(loss.evidence, evidence) }
    test.equal(child.exitReport?.status, nil)
    let error = await test.thrown(HostError.self) {
      _ = try await root.spawn(Square(number: 1), on: hosts)
    }
    test.equal(error?.code, .over)
  }
  unlink(file)
}

/// The near half of the host b.
func keeper(of root: Node) -> Int32 {
  root.children.first { $0.name == "host:b" }?.pid ?? 0
}

/// The parent of a process.
func parent(_ pid: Int32) -> Int32 {
  status(of: pid).dropFirst().first.flatMap { Int32($0) } ?? 0
}

func isRunning(_ pid: Int32) -> Bool { !["Z", nil].contains(status(of: pid).first) }

/// The fields behind the name of a process: its state, its parent and so on; none if there is none.
private func status(of pid: Int32) -> [String] {
  guard let stream = fopen("/proc/\(pid)/stat", "r") else { return [] }
  defer { fclose(stream) }
  var line = [CChar](repeating: 0, count: 512)
  guard fgets(&line, 512, stream) != nil else { return [] }
  let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return text.split(separator: ")").last?.split(separator: " ").map(String.init) ?? []
}

/// Writes many lines.
struct Flood: NodeProgram {
  var lines: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    let line = String(repeating: "x", count: 1_023)
    for _ in 0..<lines { print(line) }
    fflush(nil)
  }
}

/// Hosts that are held until somebody ends the root.
let heldScenarios: [String: Scenario] = [
  "hold": { root, test in
    let file = CommandLine.arguments.dropFirst(2).first ?? "/tmp/ptree-held"
    try await root.withHosts([here("b")]) { hosts in
      let child = try await root.spawn(Household(file: file), on: hosts)
      _ = try await eventually { number(in: file) != nil }
      print("held \(child.pid ?? 0)")
      fflush(nil)
      try await child.result
    }
  },

  // It is held over a connection that is silent, and cannot be replaced.
  "holdInACut": { root, test in
    let file = CommandLine.arguments.dropFirst(2).first ?? "/tmp/ptree-held"
    try await root.withHosts([relayed("b")]) { hosts in
      let child = try await root.spawn(Household(file: file), on: hosts)
      _ = try await eventually { number(in: file) != nil }
      Engine.isDown = true
      for engine in engines(of: root) { engine.stall(.both) }
      _ = try await eventually { hosts.all[0].state == .cut }
      print("held \(child.pid ?? 0)")
      fflush(nil)
      try await child.result
    }
  },

  // Nobody reads the root's output until it has made the file.
  "flood": { root, test in
    let file = CommandLine.arguments.dropFirst(2).first ?? "/tmp/ptree-flood"
    var host = here("b")
    host.lease = .seconds(2)
    try await root.withHosts([host]) { hosts in
      let child = try await root.spawn(Flood(lines: 24 << 10), on: hosts)
      // Longer than all limits that depend on the lease.
      let isLost = try await eventually(within: .seconds(8)) { hosts.all[0].state != .up }
      test.expect(!isLost, "\(hosts.all[0].state)")
      if let stream = fopen(file, "w") { fclose(stream) }
      try await child.result
    }
  },

  // The reader begins when the near half has ended its work, and waits for its output to be taken.
  "floodLeft": { root, test in
    let file = CommandLine.arguments.dropFirst(2).first ?? "/tmp/ptree-flood"
    let events = try await root.events
    try await root.withHosts([here("b")]) { hosts in
      let child = try await root.spawn(Flood(lines: 24 << 10), on: hosts)
      _ = try? await child.join(timeout: .seconds(1))
      child.kill()
      try await child.join()
      let keeper = root.children.first { $0.name == "host:b" }
      Task.detached {
        _ = try await eventually { keeper.map { $0.phase > .ready } ?? true }
        try await Task.sleep(for: .milliseconds(500))
        if let stream = fopen(file, "w") { fclose(stream) }
      }
    }
    for await event in events {
      guard case .exited(let report) = event.kind, event.node == "host:b" else { continue }
      test.equal(report.status, .exited(0))
      break
    }
  },
]
