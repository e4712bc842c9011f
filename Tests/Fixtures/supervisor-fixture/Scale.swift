import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

let scaleScenarios: [String: Scenario] = [
  "scaling": { root, test in
    try await root.withSupervisor(
      [ChildSpecification("web", Service(), instances: 2)]
    ) { supervisor in
      try await supervisor.waitUntilUp()
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
