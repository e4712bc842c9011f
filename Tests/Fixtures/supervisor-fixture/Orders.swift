import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

let orderScenarios: [String: Scenario] = [
  "dependencies": { root, test in
    let events = try await root.events
    try await root.withSupervisor([
      ChildSpecification("web", SlowlyUp(), dependsOn: ["base": .up], announcesUp: true),
      ChildSpecification("base", SlowlyUp(), announcesUp: true),
      ChildSpecification("job", Brief(), restart: .transient, dependsOn: ["web": .up]),
      ChildSpecification("after", Service(), dependsOn: ["job": .succeeded]),
    ]) { supervisor in
      try await supervisor.waitUntilUp(timeout: .patience)
    }
    var seen: [String] = []
    for await event in events {
      switch event.kind {
      case .started: seen.append("\(event.node) started")
      case .up: seen.append("\(event.node) up")
      case .exited: seen.append("\(event.node) exited")
      default: break
      }
      if seen.last == "base exited" { break }
    }
    test.equal(
      seen.filter { $0 != "after started" && $0 != "after exited" },
      [
        "base started", "base up", "web started", "web up", "job started", "job exited",
        "web exited", "base exited",
      ])
    let after = seen.firstIndex(of: "after started") ?? 0
    test.expect(after > seen.firstIndex(of: "job exited") ?? .max, "\(seen)")
  },
  "explainsWaitingChildren": { root, test in
    try await root.withSupervisor([
      ChildSpecification("base", Service(), announcesUp: true),
      ChildSpecification("web", Service(), dependsOn: ["base": .up]),
      ChildSpecification(
        "flaky", Flapping(),
        backoff: RestartBackoff(first: .seconds(3_600), most: .seconds(3_600))),
    ]) { supervisor in
      func explained(_ name: String, _ phase: SupervisedPhase) async throws -> NodeExplanation? {
        var last: NodeExplanation?
        _ = try await eventually {
          last = try await root.explain(root.address.child(name), within: .patience)
          return last?.phase == phase
        }
        return last
      }
      let web = try await explained("web", .waiting)
      test.equal(web?.waits.first?.kind, .dependency)
      test.equal(web?.waits.first?.subjects, ["base to be up"])
      let base = try await explained("base", .started)
      test.expect(base?.waits.contains { $0.kind == .up } == true, "\(base as Any)")
      let flaky = try await explained("flaky", .backoff)
      let wait = flaky?.waits.first
      test.expect(wait?.remaining.map { $0 > .seconds(1_000) } == true, "\(flaky as Any)")
      test.expect(flaky?.lastEnd?.contains("flaky") == true, "\(flaky as Any)")
      let late = await test.thrown(ProcessTreeError.self) {
        try await supervisor.waitUntilUp("web", timeout: .milliseconds(50))
      }
      test.expect(late?.message.contains("base to be up") == true, "\(late as Any)")
      let names = try await root.explainTree(within: .patience).map(\.address.description)
      test.equal(names, ["/", "/base", "/flaky", "/web"])
    }
  },
  "skipped": { root, test in
    try await root.withSupervisor([
      ChildSpecification("job", Flapping(), restart: .temporary),
      ChildSpecification("after", Service(), dependsOn: ["job": .succeeded]),
    ]) { supervisor in
      let error = await test.thrown(ProcessTreeError.self) {
        try await supervisor.waitUntilUp("after", timeout: .patience)
      }
      test.equal(error?.code, .notStarted)
    }
  },
  "shutdownBudget": { root, test in
    // One that ignores everything, with time of its own; one that is killed at once; one that has
    // any time and needs more than the others have.
    let short = StopPolicy(ask: .milliseconds(200), terminate: .milliseconds(200))
    let start = ContinuousClock.now
    try await root.withSupervisor([
      ChildSpecification("stubborn", Stubborn(), stopPolicy: short),
      ChildSpecification("brutal", Stubborn(), stopPolicy: .kill),
      ChildSpecification("endless", Leisurely(), stopPolicy: .infinity),
    ]) { supervisor in
      try await supervisor.waitUntilUp()
      let begin = ContinuousClock.now
      try await supervisor.stop("brutal")
      test.expect(ContinuousClock.now - begin < .patience)
      try await supervisor.stop("endless")
      test.expect(ContinuousClock.now - begin >= .milliseconds(700))
      // It was not killed, but came to its own end.
      test.equal(await supervisor.child("endless")?.lastEnd, "endless completed")
    }
    test.expect(ContinuousClock.now - start >= .milliseconds(1_100))
  },
  "deadlineOfAll": { root, test in
    // A chain of three that ignore everything, each with a minute: cut to the one deadline.
    let long = StopPolicy(ask: .seconds(30), terminate: .seconds(30))
    try await root.withSupervisor(
      [
        ChildSpecification("a", Stubborn(), stopPolicy: long),
        ChildSpecification("b", Stubborn(), stopPolicy: long, dependsOn: ["a": .started]),
        ChildSpecification("c", Stubborn(), stopPolicy: long, dependsOn: ["b": .started]),
      ], stopWithin: .milliseconds(900)
    ) { supervisor in
      try await supervisor.waitUntilUp()
    }
    test.expect(root.children.isEmpty)
  },
  "stoppedWithTheNode": { root, test in
    let events = try await root.events
    let child = try await root.spawn(
      SupervisorProgram([
        ChildSpecification("a", Service()),
        ChildSpecification("b", Service(), dependsOn: ["a": .started]),
        ChildSpecification("c", Service(), dependsOn: ["b": .started]),
      ]), name: "shop")
    _ = try await eventually { root.snapshot.counts[.ready] == 5 }
    test.equal(try await child.stop(reason: "enough"), .exited(0))
    var order: [String] = []
    for await event in events {
      guard case .exited = event.kind else { continue }
      order.append(event.node)
      if event.node == "shop" { break }
    }
    test.equal(order, ["c", "b", "a", "shop"])
  },
  "signalled": { root, _ in
    // A test looks at the output, and at how this process ends.
    let events = try await root.events
    do {
      try await root.withSupervisor([
        ChildSpecification("a", Service()),
        ChildSpecification("b", Service(), dependsOn: ["a": .started]),
      ]) { supervisor in
        try await supervisor.waitUntilUp()
        kill(getpid(), SIGTERM)
        try await supervisor.waitUntilOver()
      }
    } catch {
      print("\(error)")
    }
    print("none left: \(root.children.isEmpty)")
    // This task is cancelled, another one is not.
    await Task {
      for await event in events {
        guard case .exited = event.kind else { continue }
        print(event.node)
        if event.node == "a" { break }
      }
    }.value
    fflush(nil)
  },
]
