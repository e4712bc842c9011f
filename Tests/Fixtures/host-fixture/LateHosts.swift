import Glibc
import Pipelines
import Pools
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Hosts that are added while others are at work.
let lateHostScenarios: [String: Scenario] = [
  "lateHosts": { root, test in
    var ended: HostPool?
    try await root.withHosts([here("b", slots: 2)]) { hosts in
      ended = hosts
      try await root.withPool(on: hosts) { pool in
        let results = Task { try await pool.map(over: 1...4_000, using: Slowly()) }
        _ = try await eventually { pool.progress.completed > 100 }
        test.equal(pool.size, 2)
        let late = try await hosts.add([here("c", slots: 2), here("d")])
        test.equal(late.map(\.name), ["c", "d"])
        test.equal(hosts.all.map(\.name), ["b", "c", "d"])
        test.equal(pool.size, 5)
        let areUsed = try await eventually {
          late[0].nodeCount == 2 && late[1].nodeCount == 1
        }
        test.expect(areUsed, "\(hosts.all.map(\.nodeCount)) workers")
        // A lost one is opened anew, and the pool has as many workers as before.
        kill(root.children.first { $0.name == "host:c" }?.pid ?? 0, SIGKILL)
        _ = try await eventually { late[0].loss != nil }
        try await hosts.add([here("c", slots: 2)])
        test.equal(pool.size, 5)
        let isSpread = try await eventually {
          hosts["c"]?.nodeCount == 2 && hosts["b"]?.nodeCount == 2
        }
        test.expect(isSpread, "\(hosts.all.map(\.nodeCount)) workers")
        test.equal(try await results.value.reduce(0, +), 4_000 * 4_001 / 2)
        // From now on its size is a given one.
        try pool.resize(to: 2)
        try await hosts.add([here("e")])
        test.equal(pool.size, 2)
      }
    }
    let error = await test.thrown(HostError.self) { try await ended?.add([here("f")]) }
    test.equal(error?.code, .over)
  },

  // The hosts that are open stay open, and children run there.
  "lateFailures": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let twice = await test.thrown(HostError.self) { try await hosts.add([here("b")]) }
      test.equal(twice?.code, .invalidHost)
      let missing = await test.thrown(HostError.self) {
        try await hosts.add([here("c"), .command(["/nonexistent"], name: "d")])
      }
      test.equal(missing?.host, "d")
      test.equal(hosts.all.map(\.name), ["b"])
      let some = try await hosts.add(
        [here("c"), .command(["/nonexistent"], name: "d")], minimum: 1)
      test.expect(some.contains { $0.name == "c" && $0.state == .up }, "\(some.map(\.name))")
      test.equal(try await root.spawn(Square(number: 5), on: hosts).result, 25)
    }
  },

  // The scope ends while a host is being opened, which would take longer.
  "lateForItsScope": { root, test in
    let late = try await root.withHosts([here("b")]) { hosts in
      let late = Task {
        await test.thrown(HostError.self) {
          try await hosts.add([.command(["sh", "-c", "sleep 1000"], name: "c")])
        }
      }
      let isBeingOpened = try await eventually { root.children.contains { $0.name == "host:c" } }
      test.expect(isBeingOpened, "host c is not being opened")
      return late
    }
    test.expect(root.children.isEmpty, "\(root.children.map(\.name))")
    test.equal(await late.value?.code, .over)
  },

  "lateHostsOfAPipeline": { root, test in
    try await root.withHosts([here("b", slots: 2)]) { hosts in
      let (inputs, source) = AsyncStream.makeStream(of: Int.self)
      for number in 0..<300 { source.yield(number) }
      let pipeline = Pipeline(Pausing(), workers: 4, attempts: 1).then(Gathering(), on: OwnHost())
      let monitor = PipelineMonitor()
      async let tables = root.run(over: inputs, using: pipeline, on: hosts, monitor: monitor)
      _ = try await eventually { hosts.all[0].nodeCount == 4 && monitor.report.outputs > 0 }
      try await hosts.add([here("c", slots: 2)])
      let isSpread = try await eventually { hosts.all.map(\.nodeCount) == [2, 2] }
      test.expect(isSpread, "\(hosts.all.map(\.nodeCount)) workers")
      for number in 300..<1_000 { source.yield(number) }
      source.finish()
      test.equal(try await tables.first?.values.reduce(0, +), 1_000)
    }
  },

  "joiningHosts": { root, test in
    let (joining, source) = AsyncStream.makeStream(of: Host.self)
    source.yield(.command(["/nonexistent"], name: "a"))
    source.yield(here("b"))
    try await root.withHosts(joining: joining) { hosts in
      test.equal(hosts.all.map(\.name), ["b"])
      try await root.withPool(on: hosts) { pool in
        async let results = pool.map(over: 1...2_000, using: Slowly())
        source.yield(here("c", slots: 3))
        let hasGrown = try await eventually { pool.size == 4 }
        test.expect(hasGrown, "\(pool.size) workers")
        test.equal(try await results.reduce(0, +), 2_000 * 2_001 / 2)
      }
    }
    let (none, end) = AsyncStream.makeStream(of: Host.self)
    end.yield(here("b"))
    end.finish()
    let error = await test.thrown(HostError.self) {
      try await root.withHosts(joining: none, minimum: 2) { _ in }
    }
    test.equal(error?.code, .notReached)
    test.expect(root.children.isEmpty, "\(root.children.map(\.name))")
  },
]

/// Tasks of an array, which scripts in place of Slurm's commands report.
let arrayScenarios: [String: Scenario] = [
  "arrayTasks": { root, test in
    let tasks = String(cString: getenv("SLURM_LOG")) + ".tasks"
    func write(_ lines: String) {
      guard let stream = fopen(tasks, "w") else { return }
      fputs(lines, stream)
      fclose(stream)
    }
    unlink(tasks)
    let unknown = await test.thrown(HostError.self) {
      try await root.withHosts(joining: root.hostsOfSlurmArray("7")) { _ in }
    }
    test.equal(unknown?.code, .allocationEnded)
    test.expect(unknown?.message.contains("Invalid job id") == true, "\(unknown as Any)")
    let wrong = await test.thrown(HostError.self) { _ = try root.hostsOfSlurmArray("-7") }
    test.equal(wrong?.code, .invalidHost)
    write("7_1 9 2 1\n")
    try await root.withHosts(joining: root.hostsOfSlurmArray("7")) { hosts in
      test.equal(hosts.all.map(\.name), ["slurm-7_1"])
      test.equal(hosts.slots, 2)
      try await root.withPool(on: hosts) { pool in
        test.equal(pool.size, 2)
        write("7_1 9 2 1\n7_2 10 3 1\n")
        let hasGrown = try await eventually { pool.size == 5 }
        test.expect(hasGrown, "\(pool.size) workers of \(hosts.all.map(\.name))")
        test.equal(try await pool.map(over: 1...500, using: Slowly()).count, 500)
      }
    }
  }
]
