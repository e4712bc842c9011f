import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

let strategyScenarios: [String: Scenario] = [
  "oneForOne": { root, test in
    let before = try await root.auditOfTheFirst()
    try await root.supervising(["a", "b", "c"], .oneForOne) { supervisor in
      let first = await supervisor.pids
      try await supervisor.kill("b")
      let second = await supervisor.pids
      test.equal(second["a"], first["a"])
      test.equal(second["c"], first["c"])
      test.expect(second["b"] != first["b"] && second["b"] != nil)
      let child = await supervisor.child("b")
      test.equal(child?.incarnation, 2)
      test.equal(child?.restarts, 1)
      test.expect(child?.lastEnd?.contains("b killed by SIGKILL") == true, "\(child as Any)")
      test.equal(root.children.map(\.name).sorted(), ["a", "b", "c"])
    }
    test.expect(root.children.isEmpty)
    await test.nothingLeft(since: before)
  },
  "oneForAll": { root, test in
    try await root.supervising(["a", "b", "c"], .oneForAll) { supervisor in
      let first = await supervisor.pids
      try await supervisor.kill("b")
      let second = await supervisor.pids
      test.equal(second.count, 3)
      test.expect(Set(first.values).isDisjoint(with: second.values), "\(first) \(second)")
      for pid in first.values { test.expect(Glibc.kill(pid, 0) != 0, "\(pid) is still there") }
    }
  },
  "restForOne": { root, test in
    try await root.supervising(["a", "b", "c"], .restForOne) { supervisor in
      let first = await supervisor.pids
      try await supervisor.kill("b")
      let second = await supervisor.pids
      test.equal(second["a"], first["a"])
      test.expect(second["b"] != first["b"] && second["c"] != first["c"], "\(first) \(second)")
    }
  },
  "restartTypes": { root, test in
    let specifications = [
      ChildSpecification("transient", Brief(), restart: .transient),
      ChildSpecification("temporary", Flapping(), restart: .temporary),
      ChildSpecification("permanent", Service()),
    ]
    try await root.withSupervisor(specifications) { supervisor in
      _ = try await eventually {
        await supervisor.children.map(\.phase) == [.succeeded, .failed, .up]
      }
      let phases = await supervisor.children.map(\.phase)
      test.equal(phases, [.succeeded, .failed, .up])
      let failure = await test.thrown(ChildFailure.self) {
        try await supervisor.waitUntilUp("temporary")
      }
      test.equal(failure?.cause, .exitedWithoutResult(code: 7))
    }
  },
  "intensity": { root, test in
    let events = try await root.events
    let start = ContinuousClock.now
    let failure = await test.thrown(SupervisorFailure.self) {
      try await root.withSupervisor(
        [ChildSpecification("flapping", Flapping()), ChildSpecification("healthy", Service())],
        intensity: RestartIntensity(restarts: 3, within: .seconds(60).scaled)
      ) { _ in
        // It is cancelled when the supervisor gives up.
        while true { try await root.sleep(for: .seconds(3_600)) }
      }
    }
    let chain = failure?.chain ?? ""
    test.expect(chain.hasPrefix("flapping exited with code 7 without a result 4 times"), chain)
    test.expect(chain.hasSuffix("; MainProcess gave up"), chain)
    test.expect(ContinuousClock.now - start < .patience)
    test.expect(root.children.isEmpty)
    var lives: [Int] = []
    var restarts = 0
    for await event in events {
      if case .restarted(let incarnation) = event.kind { lives.append(incarnation) }
      if case .restarting = event.kind { restarts += 1 }
      if case .gaveUp(let reason) = event.kind {
        test.equal(reason, chain)
        break
      }
    }
    test.equal(lives, [2, 3, 4])
    test.equal(restarts, 3)
  },
  "backoff": { root, test in
    let backoff = RestartBackoff(first: .milliseconds(200), most: .seconds(60), jitter: 0)
    try await root.withSupervisor(
      [ChildSpecification("flapping", Flapping(), backoff: backoff)],
      intensity: RestartIntensity(restarts: 100)
    ) { supervisor in
      let start = ContinuousClock.now
      _ = try await eventually { await supervisor.child("flapping")?.incarnation == 3 }
      // A wait of 200 ms, and one of 400.
      test.expect(ContinuousClock.now - start >= .milliseconds(600))
      _ = try await eventually { await supervisor.child("flapping")?.phase == .backoff }
      let child = await supervisor.child("flapping")
      test.expect(child?.startsIn.map { $0 > .zero && $0 <= .milliseconds(800) } == true)
    }
  },
  "significant": { root, test in
    try await root.withSupervisor(
      [
        ChildSpecification("service", Service()),
        ChildSpecification("work", Brief(), restart: .transient, isSignificant: true),
      ], automaticShutdown: .allSignificant
    ) { supervisor in
      try await supervisor.waitUntilOver()
      test.equal(await supervisor.children.map(\.phase), [.stopped, .succeeded])
    }
    test.expect(root.children.isEmpty)
  },
]
