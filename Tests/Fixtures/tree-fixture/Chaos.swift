import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

let chaosScenarios: [String: Scenario] = [
  // `chaos SEED ROUNDS`: in each round a tree of 1-3-9-27 nodes, every fourth of which has
  // daemonised a program, loses one to eight random nodes and fork servers at once.
  "chaos": { root, test in
    let arguments = CommandLine.arguments
    let seed = arguments.count > 2 ? UInt64(arguments[2]) ?? 1 : 1
    let rounds = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1
    var random = SeededGenerator(seed: seed)
    _ = try await root.spawn(FirstWord()).result
    let before = await settledAudit(in: runDirectory(of: root.pid))
    for round in 0..<rounds {
      let events = try await root.events
      let top = try await root.spawn(Bush(depth: 3, fanOut: 3, daemonEvery: 4))
      for await _ in events where root.snapshot.counts[.ready] == 41 || top.exitReport != nil {
        break
      }
      if let report = top.exitReport {
        test.expect(false, "round \(round), seed \(seed): the tree did not come up: \(report)")
        continue
      }
      let mine = helperPIDs()
      let victims = processes(ofRun: root).filter { $0 != root.pid && !mine.contains($0) }
      let chosen = victims.shuffled(using: &random).prefix(Int.random(in: 1...8, using: &random))
      for pid in chosen { kill(pid, SIGKILL) }
      // The rest of the tree goes as well; then nothing of it may be there.
      top.kill()
      _ = try await top.join()
      let survivors = await remaining(of: root, besides: mine)
      test.expect(survivors.isEmpty, "round \(round), seed \(seed): \(survivors) of \(chosen)")
      await test.noLeaks(
        since: before, in: runDirectory(of: root.pid), "round \(round), seed \(seed):")
    }
  },
  // `churn SEED ROUNDS`: children are killed at random moments of their start and end.
  "churn": { root, test in
    let arguments = CommandLine.arguments
    let seed = arguments.count > 2 ? UInt64(arguments[2]) ?? 1 : 1
    let rounds = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1
    var random = SeededGenerator(seed: seed)
    _ = try await root.spawn(FirstWord()).result
    let before = await settledAudit(in: runDirectory(of: root.pid))
    for round in 0..<rounds {
      let child = try root.makeChild(Chain(depth: Int.random(in: 1...3, using: &random)))
      // Concurrent on the loop: a task of its own would start threads that the audit counts.
      async let started: Void = child.start()
      while child.pid == nil && child.phase < .exited { await Task.yield() }
      for _ in 0..<Int.random(in: 0..<8, using: &random) {
        await Task.yield()
        usleep(500)
      }
      child.kill()
      _ = try? await started
      test.expect(
        try await child.join(timeout: .patience) != nil, "round \(round), seed \(seed)")
    }
    let survivors = await remaining(of: root, besides: helperPIDs())
    test.expect(survivors.isEmpty, "seed \(seed): \(survivors)")
    await test.noLeaks(since: before, in: runDirectory(of: root.pid), "seed \(seed):")
  },
]

/// The processes of the run that are still there when they should long be gone.
func remaining(of root: Node, besides known: [Int32]) async -> [Int32] {
  let deadline = ContinuousClock.now + .patience
  while ContinuousClock.now < deadline {
    let left = processes(ofRun: root).filter { $0 != root.pid && !known.contains($0) }
    if left.isEmpty { return [] }
    // The loop may have work; a sleep on the pool would start threads that the audit counts.
    await Task.yield()
    usleep(5_000)
  }
  return processes(ofRun: root).filter { $0 != root.pid && !known.contains($0) }
}

/// All running processes that carry the run's mark, daemonised ones included.
func processes(ofRun root: Node) -> [Int32] {
  guard let mine = runMark(of: root.pid), let stream = opendir("/proc") else { return [] }
  defer { closedir(stream) }
  var found: [Int32] = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    guard let pid = Int32(name), runMark(of: pid) == mine, !isGone(pid) else { continue }
    found.append(pid)
  }
  return found
}

/// The high half of the limit that marks a run.
private func runMark(of pid: Int32) -> UInt64? { fileLocksLimit(of: pid).map { $0 >> 32 } }
