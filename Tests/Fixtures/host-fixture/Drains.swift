import Glibc
import Pipelines
import Pools
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// A host is asked to end by SIGTERM: what runs there finishes or moves, and nothing counts as a
/// death.
let drainScenarios: [String: Scenario] = [
  "drainedWork": { root, test in
    let events = try await root.events
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let (numbers, taken) = root.makeChannel(of: Int.self, prefetch: 4, attempts: 1)
      let takers = try await ["b", "c"].asyncMap {
        try await root.spawn(SlowTaker(numbers: taken), at: $0, of: hosts)
      }
      taken.close()
      for number in 1...400 {
        try await numbers.send(number)
        guard number == 100 else { continue }
        for try await _ in try await takers[0].messages(of: Int.self) { break }
        kill(parent(takers[0].pid ?? 0), SIGTERM)
      }
      try await numbers.join()
      numbers.finish()
      let all = try await takers.asyncMap { try await $0.result }
      test.expect(!all.contains([]), "a receiver got nothing")
      test.expect(all[0].count < 150, "the host took \(all[0].count) after it was asked to end")
      test.equal(all.joined().sorted(), Array(1...400))
      test.equal(try await numbers.balance.quarantined, 0)
      try await expectGoodbye(hosts, test)
    }
    test.equal(
      await words(in: events).filter { $0.contains("b") && !$0.hasPrefix("up") }.map {
        $0.prefix(8)
      },
      ["draining", "over: b:"])
  },

  "drainedPool": { root, test in
    for hitsWorkers in [false, true] {
      try await root.withHosts([here("b", slots: 2), here("c", slots: 2)]) { hosts in
        try await root.withPool(on: hosts, options: PoolOptions(attempts: 1)) { pool in
          async let results = pool.map(over: 1...1_000, using: Slowly())
          _ = try await eventually { pool.progress.completed > 100 }
          end(hosts.all[0], in: root, hitsWorkers: hitsWorkers)
          test.equal(try await results.reduce(0, +), 1_000 * 1_001 / 2)
          test.equal(pool.progress.quarantined, 0)
        }
        try await expectGoodbye(hosts, test)
      }
    }
  },

  "drainedPipeline": { root, test in
    for hitsWorkers in [false, true] {
      try await root.withHosts([here("b", slots: 2), here("c", slots: 2)]) { hosts in
        let pipeline = Pipeline(Pausing(), workers: 4, attempts: 1).then(Gathering(), on: OwnHost())
        // The rest comes when the host has been asked: it is in the middle of the run.
        let (inputs, source) = AsyncStream.makeStream(of: Int.self)
        for number in 0..<300 { source.yield(number) }
        let monitor = PipelineMonitor()
        async let tables = root.run(over: inputs, using: pipeline, on: hosts, monitor: monitor)
        _ = try await eventually {
          (monitor.report.stages.first?.taken ?? 0) > 0
            && root.children.count { $0.host == "b" && $0.phase >= .ready } == 2
        }
        end(hosts.all[0], in: root, hitsWorkers: hitsWorkers)
        for number in 300..<1_000 { source.yield(number) }
        source.finish()
        test.equal(try await tables.first?.values.reduce(0, +), 1_000)
        try await expectGoodbye(hosts, test)
      }
    }
  },

  // Nobody else has the state of a stage: its worker goes on, and the run is done in time.
  "drainedState": { root, test in
    try await root.withHosts([here("b", slots: 2), here("c", slots: 2)]) { hosts in
      let (inputs, source) = AsyncStream.makeStream(of: Int.self)
      for number in 0..<300 { source.yield(number) }
      let pipeline = Pipeline(Pausing(), workers: 2, on: hosts["c"]).then(
        Gathering(), on: hosts["b"])
      let monitor = PipelineMonitor()
      async let tables = root.run(over: inputs, using: pipeline, monitor: monitor)
      _ = try await eventually { monitor.report.stages.last.map { $0.taken > 0 } ?? false }
      end(hosts.all[0], in: root, hitsWorkers: false)
      _ = try await eventually { hosts.all[0].state == .draining }
      for number in 300..<1_000 { source.yield(number) }
      source.finish()
      test.equal(try await tables.first?.values.reduce(0, +), 1_000)
      try await expectGoodbye(hosts, test)
    }
  },

  // It is stopped with its host: the run reports what is lost, and of whom.
  "endedState": { root, test in
    try await root.withHosts([here("b"), here("c", slots: 2)]) { hosts in
      let (inputs, source) = AsyncStream.makeStream(of: Int.self)
      for number in 0..<300 { source.yield(number) }
      let pipeline = Pipeline(Pausing(), workers: 2, on: hosts["c"]).then(
        Gathering(), on: hosts["b"])
      let monitor = PipelineMonitor()
      let error = await test.thrown(PipelineFailure.self) {
        async let tables = root.run(over: inputs, using: pipeline, monitor: monitor)
        _ = try await eventually { monitor.report.stages.last.map { $0.taken > 0 } ?? false }
        end(hosts.all[0], in: root, hitsWorkers: true)
        _ = try await tables
      }
      test.equal(error?.code, .workerDied)
      test.equal(error?.stageName, "Gathering")
      test.expect(error?.message.contains("state") == true, "\(error as Any)")
    }
  },

  // Workers are drained one after the other, as for an update; another takes the place of each.
  "drainedWorkers": { root, test in
    let pipeline = Pipeline(Pausing(), workers: 2, attempts: 1).then(Gathering())
    let (inputs, source) = AsyncStream.makeStream(of: Int.self)
    for number in 0..<300 { source.yield(number) }
    let monitor = PipelineMonitor()
    async let tables = root.run(over: inputs, using: pipeline, monitor: monitor)
    for round in 1...3 {
      // In the last round nothing more comes, but much is left.
      if round == 3 {
        for number in 0..<2_000 { source.yield(number) }
        source.finish()
      }
      let taken = monitor.report.inputsDone
      _ = try await eventually {
        monitor.report.inputsDone > taken
          && root.children.count { $0.name.hasPrefix("Pausing") && $0.phase >= .ready } == 2
      }
      for child in root.children where child.name.hasPrefix("Pausing") {
        async let ended = child.drain(within: .seconds(60))
        for number in 0..<100 { source.yield(number) }
        test.equal(try await ended, .exited(0))
      }
    }
    test.equal(try await tables.first?.values.reduce(0, +), 2_700)
    test.expect((monitor.report.stages.first?.restarts ?? 0) >= 4, "\(monitor.report)")
  },

  "drainedPoolWorkers": { root, test in
    try await root.withPool(size: 2, options: PoolOptions(attempts: 1)) { pool in
      async let results = pool.map(over: 1...3_000, using: Slowly())
      for _ in 1...3 {
        let isFull = try await eventually {
          root.children.count { $0.name.hasPrefix("worker-") && $0.phase >= .ready } == 2
        }
        test.expect(isFull, "\(root.children.map(\.name)) are at work")
        for child in root.children {
          test.equal(try await child.drain(within: .seconds(60)), .exited(0))
        }
      }
      test.equal(try await results.reduce(0, +), 3_000 * 3_001 / 2)
      test.equal(pool.progress.retried, 0)
    }
  },

  // Work has nowhere to go.
  "drainedEverywhere": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let error = await test.thrown(HostError.self) {
        try await root.withPool(on: hosts) { pool in
          async let results = pool.map(over: 1...1_000_000, using: Slowly())
          _ = try await eventually { pool.workerPIDs.count == 2 && pool.progress.completed > 100 }
          for host in hosts.all { end(host, in: root, hitsWorkers: false) }
          _ = try await results
        }
      }
      test.equal(error?.code, .over)
      for part in ["no host is left: b: it ", "asked to end", "; c: it "] {
        test.expect(error?.message.contains(part) == true, "\(error as Any)")
      }
    }
  },

  // Times may be as long as times can be: a host is opened, used and drained.
  "longestWaits": { root, test in
    let longest: [Duration] = [
      .seconds(Int64.max), .seconds(Int64.max) + .seconds(Int64.max), .nanoseconds(Int64.max),
    ]
    for wait in longest {
      var host = here("b")
      (host.startDeadline, host.lease, host.drainTime) = (wait, wait, wait)
      try await root.withHosts([host]) { hosts in
        let (numbers, taken) = root.makeChannel(of: Int.self)
        let taker = try await root.spawn(SlowTaker(numbers: taken), on: hosts)
        taken.close()
        try await numbers.send(7)
        for try await _ in try await taker.messages(of: Int.self) { break }
        kill(parent(taker.pid ?? 0), SIGTERM)
        test.equal(try await taker.result, [7])
        numbers.finish()
        try await expectGoodbye(hosts, test)
      }
    }
  },

  // What does not listen is lost with its host when the time is over.
  "drainedInVain": { root, test in
    var host = here("b")
    host.drainTime = .seconds(1)
    try await root.withHosts([host]) { hosts in
      let child = try await root.spawn(Ending(way: "ignore"), on: hosts)
      kill(parent(child.pid ?? 0), SIGTERM)
      let isDraining = try await eventually { hosts.all[0].state == .draining }
      test.expect(isDraining, "\(hosts.all[0].state)")
      let late = await test.thrown(HostError.self) {
        _ = try await root.spawn(Square(number: 1), on: hosts.all[0])
      }
      test.equal(late?.code, .over)
      try await child.join()
      test.expect(child.exitReport?.cause.isHostLoss == true, "\(child.exitReport as Any)")
      try await expectGoodbye(hosts, test)
    }
  },
]

/// Sends SIGTERM to the far half of a host; Slurm sends it to what that has started as well.
private func end(_ host: OpenHost, in root: Node, hitsWorkers: Bool) {
  let there = root.children.filter { $0.host == host.name && !$0.name.hasPrefix("host:") }
    .compactMap(\.pid)
  guard let agent = there.first.map(parent) else { return }
  for pid in [agent] + (hitsWorkers ? there : []) { kill(pid, SIGTERM) }
}

/// Host b leaves by itself.
private func expectGoodbye(_ hosts: HostPool, _ test: Expectations) async throws {
  let isOver = try await eventually { hosts.all[0].loss != nil }
  test.expect(isOver, "\(hosts.all[0].state)")
  test.equal(hosts.all[0].loss?.evidence, .goodbye)
  test.expect(hosts.all[0].loss?.reason.contains("SIGTERM") == true, "\(hosts.all[0].state)")
}

/// Takes its time for each number; returns all.
struct SlowTaker: NodeProgram {
  var numbers: Receiver<Int>

  func run(in node: Node) async throws -> [Int] {
    var taken: [Int] = []
    for try await number in numbers {
      if taken.isEmpty { try await node.parent?.send(number) }
      taken.append(number)
      try await node.sleep(for: .milliseconds(2))
    }
    return taken
  }
}
