import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// What nodes wait for, in their own words and in those of their parents.
let explanationScenarios: [String: Scenario] = [
  "explainsWaits": { root, test in
    try await explainWaits(root, test)
  },
  "explainsCreditAndSlots": { root, test in
    let (sender, receiver) = root.makePipe(of: [UInt8].self)
    let reader = try await root.spawn(TakesOne(receiver: receiver), name: "reader")
    let writer = try await root.spawn(Fills(sender: sender), name: "writer")
    let credit = await test.explained(writer, in: root) {
      $0.kind == .credit && !$0.subjects.isEmpty
    }
    test.equal(credit?.subjects, ["reader (\(reader.path))"])
    test.expect(credit?.remedy.contains("reader") == true, "\(credit as Any)")
    for child in [writer, reader] { try await child.stop() }
    // A place among the children of a group.
    let group = Task {
      try await root.withChildren(of: Void.self, limit: 1) { group in
        for _ in 1...2 { try await group.spawn(Dozer(), name: "dozer") }
        _ = try await group.collect()
      }
    }
    let slot = await test.explained(at: .root, in: root) { $0.kind == .slot }
    test.equal(slot?.subjectCount, 1)
    test.expect(slot?.subjects.first?.hasPrefix("dozer (") == true, "\(slot as Any)")
    group.cancel()
    _ = try? await group.value
  },
  "deadlinesSayWhy": { root, test in
    // One that is deaf, below one that waits for it: each with its own reason.
    let events = try await root.events
    let parent = try await root.spawn(
      Keeper(), name: "keeper", stopPolicy: StopPolicy(ask: .seconds(2), terminate: .seconds(60)))
    test.expect(try await eventually { root.snapshot.counts[.ready] == 3 })
    try await parent.stop()
    var reasons: [String: String] = [:]
    for await event in events {
      if case .deadlinePassed(let deadline, _, let reason) = event.kind {
        reasons["\(event.node) \(deadline.rawValue)"] = reason
      }
      if case .exited = event.kind, event.node == "keeper" { break }
    }
    test.equal(reasons["deaf ask"], "its program runs on after its cancellation")
    test.equal(reasons["deaf terminate"], "it ignores SIGTERM")
    // The node that does not reply, the cause of the slow start, and the subject of an operation's
    // wait.
    let (client, service) = root.makeService(of: Int.self, returning: Int.self)
    let server = try await root.spawn(SlowServer(service: service), name: "server")
    let late = await test.thrown(ProcessTreeError.self) {
      _ = try await client.call(1, timeout: .milliseconds(500))
    }
    test.expect(late?.message.contains("server (") == true, "\(late as Any)")
    let slow = await test.thrown(ProcessTreeError.self) {
      _ = try await root.withTimeout(.milliseconds(50)) { try await server.join() }
    }
    test.expect(slow?.message.contains("for the end of server") == true, "\(slow as Any)")
    client.finish()
    try await server.stop()
  },
  // For a test that reads the file about it.
  "failsAmidWork": { root, test in
    let dozer = try await root.spawn(Dozer(), name: "dozer")
    let crashing = try await root.spawn(Crashing(), name: "crashing")
    _ = try? await crashing.result
    test.expect(dozer.isAlive)
    throw ProcessTreeError(.unreachable, "the end of the work")
  },
  "explainsTheStuck": { root, test in
    let stuck = try await root.spawn(Spinner(), name: "stuck")
    let stopped = try await root.spawn(Joiner(), name: "stopped")
    test.expect(try await eventually { root.snapshot.counts[.ready] == 4 })
    kill(stopped.pid ?? 0, SIGSTOP)
    let spins = try await root.explain(
      stuck.address, within: .milliseconds(200), stacks: true)
    test.expect(spins.silence != nil && spins.process == .running, "\(spins)")
    let main = spins.threads.first
    test.equal(main?.id, stuck.pid)
    // Optimised, it may be a part of its witness.
    test.expect(
      main?.frames.contains { $0.contains("Spinner") && $0.contains("run(in:") } == true,
      "\(spins)")
    let stops = try await root.explain(
      stopped.address, within: .milliseconds(200), stacks: true)
    test.equal(stops.process, .stopped)
    test.equal(stops.threads.first?.reason, "the process is stopped")
    // The nodes below it are explained from outside.
    let all = try await root.explainTree(within: .milliseconds(200))
    test.equal(all.count, 4)
    kill(stopped.pid ?? 0, SIGCONT)
    let again = try await root.explain(stopped.address, within: .patience)
    test.equal(again.silence, nil)
    stuck.kill()
    try await stuck.join()
    try await stopped.stop()
  },
]

private func explainWaits(_ root: Node, _ test: Expectations) async throws {
  let (sender, receiver) = root.makePipe(of: Int.self)
  let reader = try await root.spawn(Puller(receiver: receiver), name: "reader")
  let sleeper = try await root.spawn(Dozer(), name: "sleeper")
  let parent = try await root.spawn(Joiner(), name: "parent")
  try await sender.send(1)
  try await sender.join()
  let read = await test.explained(reader, in: root) { $0.kind == .element }
  test.equal(read?.subjects, ["MainProcess"])
  test.expect(read.map { $0.elapsed < .patience } == true)
  let sleep = await test.explained(sleeper, in: root) { $0.kind == .sleep }
  test.expect(sleep?.remaining.map { $0 > .seconds(3_000) } == true)
  let joins = await test.explained(parent, in: root) { $0.kind == .end }
  test.equal(joins?.subjects.count, 1)
  // The child of a child too.
  let all = try await root.explainTree(within: .patience)
  test.equal(all.count, 5)
  test.expect(all.allSatisfy { $0.silence == nil }, "\(all)")
  test.equal(all.first?.address, .root)
  sender.finish()
  for child in [sleeper, parent] { try await child.stop() }
  try await reader.join()
}

extension Expectations {
  /// The wait of a child that fits, once it has one.
  fileprivate func explained(
    _ child: AnyChild, in root: Node, _ fits: @escaping (NodeWait) -> Bool
  ) async -> NodeWait? {
    await explained(at: child.address, in: root, fits)
  }

  /// The wait of the node at an address that fits, once it has one.
  fileprivate func explained(
    at address: NodeAddress, in root: Node, _ fits: @escaping (NodeWait) -> Bool
  ) async -> NodeWait? {
    var last: NodeExplanation?
    for _ in 0..<1_000 {
      last = try? await root.explain(address, within: .patience)
      if let found = last?.waits.first(where: fits) { return found }
      try? await Task.sleep(for: .milliseconds(5))
    }
    expect(false, "\(String(describing: last))")
    return nil
  }
}

/// Receives until its pipe is at its end.
struct Puller: NodeProgram {
  let receiver: Receiver<Int>

  func run(in node: Node) async throws {
    for try await _ in receiver {}
  }
}

/// Receives one element, and then does something else without end.
struct TakesOne: NodeProgram {
  let receiver: Receiver<[UInt8]>

  func run(in node: Node) async throws {
    for try await _ in receiver { try await node.sleep(for: .seconds(3_600)) }
  }
}

/// Sends more than its receiver takes.
struct Fills: NodeProgram {
  let sender: Sender<[UInt8]>

  func run(in node: Node) async throws {
    while true { try await sender.send([UInt8](repeating: 7, count: 100_000)) }
  }
}

/// Has a child that sleeps, and waits for it.
struct Joiner: NodeProgram {
  func run(in node: Node) async throws {
    try await node.spawn(Sleeper()).join()
  }
}

/// Sleeps by its node's timers.
struct Dozer: NodeProgram {
  func run(in node: Node) async throws { try await node.sleep(for: .seconds(3_600)) }
}

/// Keeps its loop from turning.
struct Spinner: NodeProgram {
  func run(in node: Node) async throws {
    while true { usleep(1_000) }
  }
}

/// Has a deaf child, which is stopped before it.
struct Keeper: NodeProgram {
  func run(in node: Node) async throws {
    let policy = StopPolicy(ask: .milliseconds(100), terminate: .milliseconds(200))
    try await node.spawn(Deaf(), name: "deaf", stopPolicy: policy).join()
  }
}

/// Takes requests, and does not reply.
struct SlowServer: NodeProgram {
  let service: Service<Int, Int>

  func run(in node: Node) async throws {
    try await service.serve { request in
      try await node.sleep(for: .seconds(3_600))
      return request
    }
  }
}

/// Writes a line and crashes.
struct Crashing: NodeProgram {
  func run(in node: Node) async throws {
    print("about to crash")
    fflush(nil)
    kill(getpid(), SIGKILL)
    try await node.sleep(for: .seconds(3_600))
  }
}
