import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Ignores being asked and SIGTERM alike, by never returning to its loop.
struct Deaf: NodeProgram {
  func run(in node: Node) async throws {
    while true { sleep(1) }
  }
}

/// Cleans up when it is asked to stop, and reports that on its output.
struct Tidy: NodeProgram {
  var file: String
  func run(in node: Node) async throws -> String {
    do {
      while true { try await Task.sleep(for: .seconds(3_600)) }
    } catch {
      _ = try? await node.offload { usleep(20_000) }
      close(open(file, O_CREAT | O_WRONLY, 0o600))
      return "tidied up: \(node.stopRequest?.reason ?? "?")"
    }
  }
}

/// A parent whose children have to be stopped with it.
struct Family: NodeProgram {
  var deaf: Bool
  func run(in node: Node) async throws {
    for _ in 0..<3 {
      _ = deaf ? try await node.spawn(Deaf()) : try await node.spawn(Sleeper())
    }
    node.report("family is up")
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}

let quick = StopPolicy(ask: .milliseconds(300), terminate: .milliseconds(300))

let stopScenarios: [String: Scenario] = [
  "stopByAsking": { root, test in
    let file = "/tmp/ptree-tidy-\(getpid())"
    let child = try await root.spawn(Tidy(file: file))
    test.equal(try await child.stop(reason: "enough"), .exited(0))
    test.equal(try await child.result, "tidied up: enough")
    test.equal(access(file, F_OK), 0)
    unlink(file)
    test.equal(child.exitReport?.stopRequest?.requestedBy, "MainProcess")
    let sleeper = try await root.spawn(Sleeper())
    test.equal(try await sleeper.stop(reason: "enough"), .exited(0))
    let failure = await test.thrown(ChildFailure.self) { try await sleeper.result }
    test.equal(
      failure?.cause,
      .stopped(
        StopRequest(requestedBy: "MainProcess", reason: "enough", origin: .node(address: "/"))))
  },
  "stopDeaf": { root, test in
    let child = try await root.spawn(Deaf(), stopPolicy: quick)
    let start = ContinuousClock.now
    test.equal(try await child.stop()?.exitCode, -SIGKILL)
    let time = start.duration(to: .now)
    test.expect(time >= .milliseconds(600) && time < .patience, "\(time)")
    guard case .terminated(_, signal: SIGKILL) = child.exitReport?.cause else {
      return test.expect(false, "\(child.exitReport as Any)")
    }
  },
  "stopStopped": { root, test in
    let child = try await root.spawn(Sleeper(), stopPolicy: quick)
    kill(child.pid ?? -1, SIGSTOP)
    _ = try await child.stop()
    test.expect(!child.isAlive)
  },
  "stopSubtree": { root, test in
    for deaf in [false, true] {
      let child = try await root.spawn(Family(deaf: deaf), stopPolicy: quick)
      for await event in try await child.events {
        if case .reported = event.kind { break }
        if root.snapshot.root.children.first?.children.count == 3 { break }
      }
      let below = root.snapshot.root.children.flatMap(\.children).compactMap(\.pid)
      test.equal(below.count, 3)
      _ = try await child.stop()
      for pid in below { test.expect(kill(pid, 0) != 0, "\(pid) is still there") }
    }
  },
  "stopBeforeStart": { root, test in
    let child = try root.makeChild(Sleeper())
    _ = await test.thrown(ProcessTreeError.self) { try await child.stop() }
  },
  "stopWhileStarting": { root, test in
    for _ in 0..<30 {
      let child = try root.makeChild(Sleeper(), stopPolicy: quick)
      let start = Task { try await child.start() }
      while child.phase == .declared { await Task.yield() }
      for _ in 0..<Int.random(in: 0..<50) { await Task.yield() }
      child.kill()
      _ = await start.result
      _ = try await child.join(timeout: .patience)
      test.expect(!child.isAlive)
    }
  },
  "cancelledStart": { root, test in
    for delay in 0..<20 {
      let task = Task { try await root.spawn(Sleeper(), stopPolicy: quick) }
      try await Task.sleep(for: .microseconds(delay * 100))
      task.cancel()
      if let child = try? await task.value { _ = try await child.stop() }
      test.expect(root.children.isEmpty)
    }
  },
  "daemonEndsWithParent": { root, test in
    let child = try await root.spawn(LeavesDaemon())
    let pid = try await child.result
    test.expect(kill(pid, 0) != 0)
    test.equal(child.exitCode, 0)
  },
  "joinsAtTheEnd": { root, test in
    let child = try await root.spawn(LeavesChild())
    let pid = try await child.result
    test.expect(kill(pid, 0) != 0)
  },
  "leftBehind": { root, test in
    _ = try await root.spawn(FirstWord()).result
    let before = await settledAudit()
    let events = try await root.events
    let child = try await root.spawn(Daemonises())
    // Before that there is nothing to be left behind.
    for try await hasDaemonised in try await child.messages(of: Bool.self) where hasDaemonised {
      break
    }
    kill(child.pid ?? -1, SIGKILL)
    _ = try await child.join()
    var command = ""
    for await event in events {
      if case .leftBehind(_, let text) = event.kind { command += text }
      if case .exited = event.kind { break }
    }
    // It may be found while it is still becoming the program.
    test.expect(!command.isEmpty)
    await test.noLeaks(since: before)
  },
  // A node that ends at once has ended before its fork server has begun.
  "forkServersEndWithTheirNodes": { root, test in
    _ = try await root.spawn(FirstWord()).result
    let before = await settledAudit()
    let events = try await root.events
    var last = ""
    for _ in 0..<30 {
      let child = try await root.spawn(Nothing())
      _ = try await child.result
      last = child.name
    }
    await test.noLeaks(since: before)
    for await event in events {
      if case .leftBehind(_, let text) = event.kind { test.expect(false, "left behind: \(text)") }
      if case .exited = event.kind, event.node == last { break }
    }
  },
  "killTree": { root, test in
    let child = try await root.spawn(Bush(depth: 2, fanOut: 3, daemonEvery: 2))
    while root.snapshot.counts[.ready] != 14 { try await Task.sleep(for: .milliseconds(2)) }
    let top = root.snapshot.root.children
    let below = top.flatMap(\.children)
    let pids = (top + below + below.flatMap(\.children)).compactMap(\.pid)
    child.kill()
    _ = try await child.join()
    test.expect(try await eventually { pids.allSatisfy(isGone) }, "\(pids.filter { !isGone($0) })")
    let leftovers = ResourceAudit.children().filter { !helperPIDs().contains($0) }
    test.expect(leftovers.isEmpty, "\(leftovers)")
  },
  "holdMany": { root, test in
    // For tests that end this process from outside: 500 nodes that report all the time.
    for _ in 0..<20 { _ = try await root.spawn(Branch(leaves: 24)) }
    while root.snapshot.counts[.ready] != 501 { try await root.sleep(for: .milliseconds(2)) }
    print("up")
    fflush(nil)
    while true { try await root.sleep(for: .seconds(3_600)) }
  },
  "holdDeaf": { root, _ in try await holdWithoutListening(root) },
  "hold": { root, test in
    // For tests that end this process from outside: a tree that stays up.
    let arguments = CommandLine.arguments
    let daemonEvery = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0
    _ = try await root.spawn(Bush(depth: 2, fanOut: 3, daemonEvery: daemonEvery))
    while root.snapshot.counts[.ready] != 14 { try await Task.sleep(for: .milliseconds(2)) }
    print("up")
    fflush(nil)
    while true { try await Task.sleep(for: .seconds(3_600)) }
  },
]

/// A root that computes on its loop, as far as anybody can see.
func holdWithoutListening(_ root: Node) async throws {
  _ = try await root.spawn(Family(deaf: false))
  while root.snapshot.counts[.ready] != 5 { try await Task.sleep(for: .milliseconds(2)) }
  print("up")
  fflush(nil)
  while true { sleep(1) }
}

func isGone(_ pid: Int32) -> Bool {
  let stat = readFile("/proc/\(pid)/stat")
  return stat.isEmpty || stat.contains(") Z ")
}

/// A node with many leaves.
struct Branch: NodeProgram {
  var leaves: Int
  func run(in node: Node) async throws {
    for _ in 0..<leaves { _ = try await node.spawn(Leaf()) }
    while true { try await node.sleep(for: .seconds(3_600)) }
  }
}

/// Reports again and again.
struct Leaf: NodeProgram {
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws {
    while true {
      node.report("at work")
      try await node.sleep(for: .milliseconds(500))
    }
  }
}

struct Daemonises: NodeProgram {
  func run(in node: Node) async throws {
    daemonise()
    try await node.parent?.send(true)
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}

struct LeavesDaemon: NodeProgram {
  func run(in node: Node) async throws -> Int32 {
    try await node.spawn(Sleeper(), daemon: true).pid ?? -1
  }
}

struct LeavesChild: NodeProgram {
  func run(in node: Node) async throws -> Int32 {
    try await node.spawn(ShortSleep()).pid ?? -1
  }
}

struct ShortSleep: NodeProgram {
  func run(in node: Node) async throws { try await Task.sleep(for: .milliseconds(50)) }
}
