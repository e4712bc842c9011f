import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Registers hooks, each of which adds a line to a file, and ends in one of several ways.
struct Hooked: NodeProgram {
  enum End: Codable { case result, failure, exit, stop }

  var file: String
  var end: End
  /// How long each hook takes, in milliseconds.
  var time = 0

  struct Failure: Error {}

  func run(in node: Node) async throws -> Int {
    for number in 1...3 {
      node.onExit("hook \(number)", within: .milliseconds(200)) { [file, time] in
        if number == 2, time > 0 { try await node.sleep(for: .milliseconds(time)) }
        appendLine("\(number)", to: file)
        if number == 1 { throw Failure() }
      }
    }
    appendLine("up", to: file)
    try await node.parent?.send(true)
    switch end {
    case .result: return 7
    case .failure: throw Failure()
    case .exit: node.exit(3)
    case .stop: while true { try await node.sleep(for: .seconds(3_600)) }
    }
  }
}

func appendLine(_ line: String, to file: String) {
  let descriptor = open(file, O_CREAT | O_WRONLY | O_APPEND, 0o600)
  defer { close(descriptor) }
  _ = (line + "\n").withCString { write(descriptor, $0, strlen($0)) }
}

private func temporaryFile(_ name: String) -> String { "/tmp/ptree-\(name)-\(getpid())" }

/// What the hooks of a node reported until its end.
private func problems(of child: AnyChild, in events: LifecycleEvents) async -> [String] {
  var problems: [String] = []
  for await event in events where event.path == child.path {
    if case .hookFailed(let hook, let reason) = event.kind {
      problems.append("\(hook) \(reason)")
    }
    if case .exited = event.kind { break }
  }
  return problems
}

let hookScenarios: [String: Scenario] = [
  "hooksRunAtEveryEnd": { root, test in
    for end in [Hooked.End.result, .failure, .exit, .stop] {
      let file = temporaryFile("hooks")
      let events = try await root.events
      let child = try await root.spawn(Hooked(file: file, end: end))
      for try await _ in try await child.messages(of: Bool.self) { break }
      switch end {
      case .result: test.equal(try await child.result, 7)
      case .failure: _ = await test.thrown(RemoteFailure.self) { _ = try await child.result }
      case .exit: test.equal(try await child.join(), .exited(3))
      case .stop: test.equal(try await child.stop(reason: "enough"), .exited(0))
      }
      _ = try await child.join()
      // The last registered first, each once.
      test.equal(readFile(file), "up\n3\n2\n1\n")
      unlink(file)
      let problems = await problems(of: child, in: events)
      test.equal(problems.count, 1)
      test.expect(problems.first?.hasPrefix("hook 1 failed: ") ?? false, "\(end): \(problems)")
    }
  },
  "hooksHaveTheirTime": { root, test in
    let file = temporaryFile("slow-hooks")
    for stops in [false, true] {
      let events = try await root.events
      let child = try await root.spawn(
        Hooked(file: file, end: stops ? .stop : .result, time: 3_600_000))
      for try await _ in try await child.messages(of: Bool.self) { break }
      let start = ContinuousClock.now
      if stops {
        try await child.stop(reason: "enough")
      } else {
        test.equal(try await child.result, 7)
      }
      test.expect(start.duration(to: .now) < .patience)
      test.equal(readFile(file), "up\n3\n1\n")
      unlink(file)
      let problems = await problems(of: child, in: events)
      test.equal(problems.count, 2)
      test.expect(problems.first?.hasPrefix("hook 2 took more than ") ?? false, "\(problems)")
      if stops {
        test.equal(child.exitReport?.cause.isStop, true)
        test.equal(child.exitCode, 0)
      }
    }
  },
  "hooksHaveTheTimeOfTheStop": { root, test in
    let file = temporaryFile("late-hooks")
    let policy = StopPolicy(ask: .milliseconds(100), terminate: .milliseconds(300))
    let child = try await root.spawn(
      Hooked(file: file, end: .stop, time: 3_600_000), stopPolicy: policy)
    for try await _ in try await child.messages(of: Bool.self) { break }
    let start = ContinuousClock.now
    try await child.stop(reason: "enough")
    test.expect(start.duration(to: .now) < .patience)
    // No hook lasts longer than the node has, which is killed otherwise.
    test.expect(readFile(file).hasPrefix("up\n3\n"), readFile(file))
    unlink(file)
  },
  "killedNodesRunNoHooks": { root, test in
    let file = temporaryFile("no-hooks")
    let child = try await root.spawn(Hooked(file: file, end: .stop))
    for try await _ in try await child.messages(of: Bool.self) { break }
    child.kill()
    _ = try await child.join()
    test.equal(readFile(file), "up\n")
    unlink(file)
  },
]

/// A chain of nodes, the last of which sleeps; each link is in the way of a stop.
struct Descent: NodeProgram {
  var depth: Int
  func run(in node: Node) async throws {
    guard depth > 0 else {
      node.report("the bottom is up")
      while true { try await node.sleep(for: .seconds(3_600)) }
    }
    if depth.isMultiple(of: 2) {
      try await node.withSupervisor([
        ChildSpecification("below", Descent(depth: depth - 1), restart: .temporary)
      ]) { try await $0.waitUntilOver() }
    } else {
      try await node.spawn(Descent(depth: depth - 1), name: "below").result
    }
  }
}

let requesterScenarios: [String: Scenario] = [
  "everyLevelSaysWhoAsked": { root, test in
    for bySignal in [false, true] {
      let events = try await root.events
      let child = try await root.spawn(Descent(depth: 4), name: "top")
      var requests: [String: StopRequest] = [:]
      var order: [String] = []
      loop: for await event in events {
        switch event.kind {
        case .reported:
          if bySignal {
            kill(child.pid ?? -1, SIGTERM)
          } else {
            Task { try await child.stop(reason: "enough") }
          }
        case .exited(let report):
          requests[event.path] = report.stopRequest ?? report.cause.request
          order.append(event.path)
          if event.path == child.path { break loop }
        default: break
        }
      }
      // The end of the top is the last: a caller that waits for it knows that nothing is left
      // below.
      test.equal(order.count, 5)
      test.equal(order.last, child.path)
      for (path, request) in requests where !(bySignal && path == child.path) {
        if bySignal {
          test.equal(request.requestedBy, "SIGTERM")
          test.equal(request.origin, .signal(SIGTERM, pid: getpid(), user: getuid()))
          test.expect(request.reason.hasPrefix("top received SIGTERM from "), request.reason)
        } else {
          test.equal(
            request,
            StopRequest(requestedBy: "MainProcess", reason: "enough", origin: .node(address: "/")))
        }
      }
      test.equal(requests.count, bySignal ? 4 : 5)
    }
  }
]

extension ExitCause {
  fileprivate var request: StopRequest? {
    switch self {
    case .stopped(let request), .terminated(let request, _): request
    default: nil
    }
  }
}
