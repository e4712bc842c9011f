import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

/// Suspends for a while, and then never again.
struct Hanging: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await node.sleep(for: .milliseconds(100))
    while true { sleep(1) }
  }
}

/// Works without suspending, and declares that.
struct LongWork: NodeProgram {
  var renews: Bool

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Int {
    guard renews else { return node.withoutLiveness { node.withoutLiveness { work() } } }
    for _ in 0..<50 {
      usleep(20_000)
      node.renewLease()
    }
    return 1
  }

  private func work() -> Int {
    usleep(1_000_000)
    return 1
  }
}

/// Works without suspending, as a whole.
struct SynchronousWork: NodeProgram {
  static var spawnsChildren: Bool { false }
  static var worksSynchronously: Bool { true }

  func run(in node: Node) async throws { usleep(1_000_000) }
}

/// A parent whose child has a lease.
struct LeaseGiver: NodeProgram {
  func run(in node: Node) async throws {
    let child = try await node.spawn(Service(), liveness: patient)
    try await child.join()
  }
}

/// Writes more than all pipes on the way hold, without suspending.
struct Chatty: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    let lines = String(repeating: String(repeating: "0123456789", count: 7) + "\n", count: 4_000)
    for _ in 0..<10 { print(lines, terminator: "") }
  }
}

/// A parent of one that writes.
struct ChattyParent: NodeProgram {
  func run(in node: Node) async throws {
    try await node.spawn(Chatty(), liveness: patient).result
  }
}

/// Takes numbers, and reports the first.
struct Taker: NodeProgram {
  var numbers: Receiver<Int>

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    var isFirst = true
    for try await _ in numbers {
      if isFirst { node.report("taken") }
      isFirst = false
      try await node.sleep(for: .milliseconds(5))
    }
  }
}

/// Is up, then down, then up again, each when its parent has seen the one before.
struct UpAndDown: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await node.sleep(for: .milliseconds(50))
    node.announceDown()
    node.announceDown()
    try await node.sleep(for: .milliseconds(200))
    node.announceUp()
    while true { try await node.sleep(for: .seconds(3_600)) }
  }
}

private let brief = Liveness(lease: .milliseconds(200), limit: .milliseconds(400))

/// For children that are well: a busy machine may give them no time for a while.
private let patient = Liveness(lease: .milliseconds(600), limit: .milliseconds(1_500))

extension LifecycleEvent {
  fileprivate var isReport: Bool { if case .reported = kind { true } else { false } }
  fileprivate var isEnd: Bool { if case .exited = kind { true } else { false } }
}

extension LifecycleEvents {
  /// The first event from now on that a test waits for.
  fileprivate func first(_ isIt: (LifecycleEvent) -> Bool) async -> LifecycleEvent? {
    for await event in self where isIt(event) { return event }
    return nil
  }
}

let livenessScenarios: [String: Scenario] = [
  "hung": { root, test in
    let events = try await root.events
    let failure = await test.thrown(SupervisorFailure.self) {
      try await root.withSupervisor(
        [ChildSpecification("hanging", Hanging(), liveness: brief)],
        intensity: RestartIntensity(restarts: 1, within: .seconds(60))
      ) { try await $0.waitUntilOver() }
    }
    let chain = failure?.chain ?? ""
    test.expect(chain.hasPrefix("hanging stopped answering for "), chain)
    test.expect(chain.contains("; killed by its parent 2 times in "), chain)
    let late = await events.first { if case .unresponsive = $0.kind { true } else { false } }
    guard case .unresponsive(let silence, .running) = late?.kind else {
      return test.expect(false, "\(late as Any)")
    }
    test.expect(silence >= brief.lease && silence < brief.lease + .patience, "\(silence)")
    let exit = await events.first { if case .exited = $0.kind { true } else { false } }
    guard case .exited(let report) = exit?.kind, case .unresponsive(let whole) = report.cause else {
      return test.expect(false, "\(exit as Any)")
    }
    test.expect(whole >= .milliseconds(400) && report.exitCode == -SIGKILL, "\(report)")
    // From the hang to the event no more passes than the lease and the time to notice.
    test.expect((exit?.time ?? 0) > (late?.time ?? 0))
  },
  "stopped": { root, test in
    let events = try await root.events
    let child = try await root.spawn(
      Service(), liveness: Liveness(lease: .milliseconds(100), limit: nil))
    let pid = child.pid ?? -1
    kill(pid, SIGSTOP)
    let late = await events.first { if case .unresponsive = $0.kind { true } else { false } }
    guard case .unresponsive(_, .stopped) = late?.kind else {
      return test.expect(false, "\(late as Any)")
    }
    kill(pid, SIGCONT)
    let again = await events.first { if case .responsive = $0.kind { true } else { false } }
    guard case .responsive(let silence) = again?.kind else {
      return test.expect(false, "\(again as Any)")
    }
    test.expect(silence >= .milliseconds(100), "\(silence)")
    try await child.stop()
  },
  "longWork": { root, test in
    let events = try await root.events
    root.configure { $0.liveness = patient }
    async let renewing = root.spawn(LongWork(renews: true))
    async let quiet = root.spawn(LongWork(renews: false))
    async let declared = root.spawn(SynchronousWork())
    test.equal(try await renewing.result, 1)
    test.equal(try await quiet.result, 1)
    try await declared.result
    var exits = 0
    for await event in events {
      switch event.kind {
      case .unresponsive: test.expect(false, "\(event)")
      case .exited: exits += 1
      default: break
      }
      if exits == 3 { break }
    }
  },
  "wholeRunStopped": { root, test in
    let events = try await root.events
    let child = try await root.spawn(LeaseGiver())
    _ = try await eventually { root.snapshot.root.children.first?.children.count == 1 }
    let below = root.snapshot.root.children.flatMap(\.children).compactMap(\.pid)
    let pids = [child.pid ?? -1] + below
    for pid in pids { kill(pid, SIGSTOP) }
    try await Task.sleep(for: .milliseconds(1_200))
    for pid in pids { kill(pid, SIGCONT) }
    try await Task.sleep(for: .milliseconds(700))
    // Its parent is well, and would have killed it by now.
    test.equal(root.snapshot.root.children.flatMap(\.children).compactMap(\.pid), below)
    try await child.stop()
    for await event in events {
      if case .unresponsive = event.kind { test.expect(false, "\(event)") }
      if case .exited = event.kind, event.path == child.path { break }
    }
  },
  // Its output has a reader that begins late.
  "outputWaits": { root, test in
    let events = try await root.events
    try await root.spawn(Chatty(), liveness: patient).result
    try await root.spawn(ChattyParent()).result
    for await event in events {
      if case .unresponsive = event.kind { test.expect(false, "\(event)") }
      if case .exited = event.kind, event.path == "Process-2" { break }
    }
  },
  // The root is stopped meanwhile, by somebody else.
  "livesOn": { root, test in
    let events = try await root.events
    let child = try await root.spawn(Service(), liveness: patient)
    try await Task.sleep(for: .milliseconds(1_600))
    try await child.stop()
    for await event in events {
      if case .unresponsive = event.kind { test.expect(false, "\(event)") }
      if case .exited = event.kind { break }
    }
  },
  "stoppedReceiver": { root, test in
    let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: 20)
    let events = try await root.events
    try await root.withSupervisor([
      ChildSpecification(
        "taker", Taker(numbers: receiver), restart: .transient, liveness: patient, instances: 8)
    ]) { supervisor in
      try await supervisor.waitUntilUp()
      for number in 1...400 { try await sender.send(number) }
      sender.finish()
      // Half of them are stopped without end, one after another, each in the middle of its work.
      var stopped: Set<String> = []
      while stopped.count < 4, let event = await events.first({ $0.isReport }) {
        if let pid = event.pid, kill(pid, SIGSTOP) == 0 { stopped.insert(event.node) }
      }
      try await sender.join()
      let counts = try await sender.balance
      test.equal([counts.acknowledged, counts.quarantined], [400, 0])
      test.expect(counts.redelivered > 0, "\(counts)")
      // Their items came back when they had been reaped, and all others were left alone.
      var killed: Set<String> = []
      while killed != stopped, let event = await events.first({ $0.isEnd }) {
        guard case .exited(let report) = event.kind, case .unresponsive = report.cause else {
          continue
        }
        killed.insert(event.node)
      }
      test.equal(killed, stopped)
    }
  },
  "traced": { root, test in
    let events = try await root.events
    let child = try await root.spawn(Service(), liveness: patient)
    // PTRACE_SEIZE and PTRACE_INTERRUPT, as a debugger does.
    let debugger = Command(
      "python3",
      [
        "-c",
        """
        import ctypes, time
        ptrace = ctypes.CDLL(None).ptrace
        done = ptrace(0x4206, \(child.pid ?? -1), None, None) == 0
        print(done and ptrace(0x4207, \(child.pid ?? -1), None, None) == 0, flush=True)
        time.sleep(3600)
        """,
      ])
    try await root.withCommand(debugger) { run in
      var lines = run.lines.makeAsyncIterator()
      // Where the kernel lets nobody trace, there is no debugger either.
      guard try await lines.next() == "True" else {
        _ = try await child.stop()
        return
      }
      let late = await events.first {
        if case .unresponsive(_, .traced(by: run.pid)) = $0.kind { true } else { false }
      }
      test.expect(late != nil)
      // Longer than the limit.
      try await Task.sleep(for: .milliseconds(1_800))
      test.expect(child.isAlive, "killed under a debugger")
      run.kill()
      _ = try await run.exitStatus
      // Its process goes on when the debugger has gone.
      let again = await events.first { if case .responsive = $0.kind { true } else { false } }
      test.expect(again != nil)
      _ = try await child.stop()
    }
  },
  "down": { root, test in
    let events = try await root.events
    try await root.withSupervisor([ChildSpecification("base", UpAndDown())]) { supervisor in
      let down = await events.first { $0.kind == .down }
      test.equal(down?.node, "base")
      _ = try await eventually { await supervisor.child("base")?.phase == .started }
      try await supervisor.start(
        ChildSpecification("late", Brief(), restart: .temporary, dependsOn: ["base": .up]))
      // It has waited until its dependency was up again.
      test.equal(await supervisor.child("base")?.phase, .up)
      test.equal(await events.first { $0.kind == .up || $0.node == "late" }?.kind, .up)
    }
  },
]
