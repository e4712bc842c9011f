import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

let requestScenarios: [String: Scenario] = [
  "requests": { root, test in
    try await root.supervising(["a", "b"], .oneForAll) { supervisor in
      let first = await supervisor.pids
      try await supervisor.stop("a", reason: "enough")
      test.equal(await supervisor.child("a")?.phase, .stopped)
      test.expect(await supervisor.child("a")?.lastEnd?.contains("enough") == true)
      try await supervisor.start("a")
      test.equal(await supervisor.child("a")?.phase, .up)
      try await supervisor.restart("a")
      let child = await supervisor.child("a")
      test.equal(child?.incarnation, 3)
      test.equal(child?.restarts, 0)
      test.equal(await supervisor.pids["b"], first["b"])
      // A stop that somebody else asks for is no failure either.
      _ = try await root.children.first { $0.name == "a" }?.stop()
      _ = try await eventually { await supervisor.child("a")?.phase == .stopped }
      test.equal(await supervisor.pids["b"], first["b"])
      try await supervisor.remove("a")
      test.equal(await supervisor.specifications.map(\.name), ["b"])
      let error = await test.thrown(ProcessTreeError.self) { try await supervisor.start("a") }
      test.equal(error?.code, .noSuchChild)
    }
  },
  "manyAtOnce": { root, test in
    try await root.supervising(["a"], .oneForOne) { supervisor in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<70 {
          group.addTask {
            number % 7 < 5 ? try await supervisor.stop("a") : try await supervisor.restart("a")
          }
        }
        try await group.waitForAll()
      }
      let child = await supervisor.child("a")
      test.equal(child?.incarnation, 2)
      test.equal(child?.phase, .up)
    }
  },
  "thousandRestarts": { root, test in
    let count = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 1_000 : 1_000
    try await root.withSupervisor(
      (0..<4).map { ChildSpecification("s\($0)", Service()) },
      intensity: RestartIntensity(restarts: 0, within: .seconds(60))
    ) { supervisor in
      try await supervisor.waitUntilUp()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for child in 0..<4 {
          group.addTask {
            for _ in 0..<count / 4 { try await supervisor.restart("s\(child)") }
          }
        }
        try await group.waitForAll()
      }
      test.equal(
        await supervisor.children.map(\.incarnation), [Int](repeating: count / 4 + 1, count: 4))
      test.equal(await supervisor.children.map(\.restarts), [0, 0, 0, 0])
    }
  },
  "added": { root, test in
    try await root.supervising(["a"], .oneForOne) { supervisor in
      try await supervisor.start(ChildSpecification("b", Brief(), restart: .transient))
      test.expect(
        try await eventually { await supervisor.child("b")?.phase == .succeeded })
      let taken = await test.thrown(ProcessTreeError.self) {
        try await supervisor.start(ChildSpecification("a", Service()))
      }
      test.equal(taken?.code, .nameTaken)
      // The node of the command runs until it finds that there is no such command.
      _ = try? await supervisor.start(
        ChildSpecification("c", Command("/nowhere/at/all"), restart: .temporary))
      _ = try await eventually { await supervisor.child("c")?.phase == .failed }
      let failure = await test.thrown(ChildFailure.self) { try await supervisor.waitUntilUp("c") }
      test.expect(failure.map { "\($0)".contains("/nowhere/at/all") } == true)
    }
  },
  "faultySpecifications": { root, test in
    let cases: [([ChildSpecification], ProcessTreeError.Code)] = [
      ([ChildSpecification("a", Service()), ChildSpecification("a", Service())], .nameTaken),
      ([ChildSpecification("a/b", Service())], .invalidName),
      ([ChildSpecification("a", Service(), dependsOn: ["b": .up])], .invalidSpecification),
      (
        [
          ChildSpecification("a", Service(), dependsOn: ["b": .up]),
          ChildSpecification("b", Service(), dependsOn: ["a": .up]),
        ], .invalidSpecification
      ),
      ([ChildSpecification("a", Unfindable())], .programNotFindable),
    ]
    for (specifications, code) in cases {
      let error = await test.thrown(ProcessTreeError.self) {
        try await root.withSupervisor(specifications) { _ in }
      }
      test.equal(error?.code, code)
    }
    test.expect(root.children.isEmpty)
  },
  "commands": { root, test in
    try await root.withSupervisor(
      [ChildSpecification("sleep", Command("sleep", ["3600"]))]
    ) { supervisor in
      try await supervisor.waitUntilUp()
      try await supervisor.kill("sleep")
      test.equal(await supervisor.child("sleep")?.phase, .up)
      test.expect(await supervisor.specifications[0].program is ExternalCommand)
    }
  },
]

private struct Unfindable: NodeProgram {
  func run(in node: Node) async throws {}
}
