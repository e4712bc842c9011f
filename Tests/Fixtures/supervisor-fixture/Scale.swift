import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

/// Ends at once, behind the library's back.
struct Failing: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws { _exit(7) }
}

let scaleScenarios: [String: Scenario] = [
  "scaling": { root, test in
    try await root.withSupervisor(
      [
        ChildSpecification("web", Service(), instances: 2),
        ChildSpecification("spare", Service(), instances: 1, startsByItself: false),
      ]
    ) { supervisor in
      try await supervisor.waitUntilUp("web")
      // What nobody has started stays so.
      try await supervisor.scale("spare", to: 2)
      test.equal(
        await supervisor.children.filter { $0.name.hasPrefix("spare") }.map(\.phase),
        [.stopped, .up])
      try await supervisor.scale("spare", to: 0)
      try await supervisor.scale("web", to: 5)
      test.equal(
        await supervisor.children.map(\.name), ["web-1", "web-2", "web-3", "web-4", "web-5"])
      try await supervisor.scale("web", to: 1)
      test.equal(await supervisor.children.map(\.name), ["web-1"])
      test.equal(root.children.map(\.name), ["web-1"])
      test.equal(await supervisor.specifications.first?.instances, 1)
      try await supervisor.scale("web", to: 0)
      test.expect(await supervisor.children.isEmpty)
    }
  },
  // As fast as processes start and end, beside a sibling that does not notice.
  "thousandFailures": { root, test in
    let before = try await root.auditOfTheFirst()
    let ended = root.snapshot.exitedCount
    let start = ContinuousClock.now
    let failure = await test.thrown(SupervisorFailure.self) {
      try await root.withSupervisor(
        [ChildSpecification("flapping", Failing()), ChildSpecification("calm", Service())],
        intensity: RestartIntensity(restarts: 999, within: .seconds(3_600))
      ) { supervisor in
        try await supervisor.waitUntilUp("calm")
        let calm = await supervisor.pids["calm"]
        do {
          try await supervisor.waitUntilOver()
        } catch {
          test.equal(await supervisor.child("calm")?.incarnation, 1)
          test.expect(calm.map { kill($0, 0) != 0 } == true)
          throw error
        }
      }
    }
    let time = ContinuousClock.now - start
    test.expect(failure?.chain.contains(" 1000 times in ") == true, failure?.chain ?? "")
    test.equal(root.snapshot.exitedCount - ended, 1_001)
    print("1,000 failures in \(time)")
    await test.nothingLeft(since: before)
  },
  "manyChildren": { root, test in
    // 2,000 by hand.
    let arguments = CommandLine.arguments
    let count = arguments.count > 2 ? Int(arguments[2]) ?? 200 : 200
    let start = ContinuousClock.now
    let up = try await root.withSupervisor(
      [ChildSpecification("child", Service(), instances: count)]
    ) { supervisor -> Duration in
      try await supervisor.waitUntilUp()
      test.equal(await supervisor.children.count { $0.phase == .up }, count)
      return ContinuousClock.now - start
    }
    test.expect(root.children.isEmpty)
    print("\(count) children: up after \(up), gone after \(ContinuousClock.now - start)")
  },
]
