import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// A supervisor whose child flaps, with others above it.
private func nested(_ depth: Int) -> ChildSpecification {
  let intensity = RestartIntensity(restarts: 1, within: .seconds(60))
  guard depth > 0 else { return ChildSpecification("flapping", Flapping()) }
  return ChildSpecification(
    "level-\(depth)", SupervisorProgram([nested(depth - 1)], intensity: intensity))
}

let nestingScenarios: [String: Scenario] = [
  "escalation": { root, test in
    let failure = await test.thrown(SupervisorFailure.self) {
      try await root.withSupervisor(
        [nested(2)], intensity: RestartIntensity(restarts: 1, within: .seconds(60))
      ) { try await $0.waitUntilOver() }
    }
    let chain = failure?.chain ?? ""
    // Two lives of each of two supervisors, in each of which the child has two.
    let parts = chain.split(separator: ";")
    test.equal(parts.count, 4)
    test.expect(chain.hasPrefix("flapping exited with code 7 without a result 2 times in "), chain)
    test.expect(chain.contains("; level-1 gave up 2 times in "), chain)
    test.expect(chain.contains("; level-2 gave up 2 times in "), chain)
    test.expect(chain.hasSuffix("; MainProcess gave up") && !chain.contains("\n"), chain)
    test.expect(root.children.isEmpty)
  },
  "treeRestart": { root, test in
    let before = try await root.auditOfTheFirst()
    let inner = SupervisorProgram(
      [ChildSpecification("x", Service()), ChildSpecification("y", Service())])
    try await root.withSupervisor([
      ChildSpecification("shop", inner, announcesUp: true), ChildSpecification("other", Service()),
    ]) { supervisor in
      try await supervisor.waitUntilUp(timeout: .patience)
      let first = root.snapshot.root.children.flatMap(\.children).compactMap(\.pid)
      test.equal(first.count, 2)
      let other = await supervisor.pids["other"]
      try await supervisor.kill("shop")
      let second = root.snapshot.root.children.flatMap(\.children).compactMap(\.pid)
      test.equal(second.count, 2)
      test.expect(Set(first).isDisjoint(with: second))
      for pid in first { test.expect(kill(pid, 0) != 0, "\(pid) is still there") }
      test.equal(await supervisor.pids["other"], other)
    }
    await test.nothingLeft(since: before)
  },
  "specificationsTravel": { root, test in
    let child = try await root.spawn(
      ReadsBack(
        specification: ChildSpecification(
          "a", SupervisorProgram([ChildSpecification("b", Flapping(after: .seconds(3)))]),
          dependsOn: ["c": .ended], backoff: RestartBackoff(first: .seconds(1)), instances: 3)))
    test.equal(try await child.result, "a ×3: SupervisorProgram, permanent b 3.0 seconds")
  },
]

/// Reports what arrived.
struct ReadsBack: NodeProgram {
  var specification: ChildSpecification

  func run(in node: Node) async throws -> String {
    let inner = (specification.program as? SupervisorProgram)?.specifications.first
    let after = (inner?.program as? Flapping)?.after
    return "\(specification) \(inner?.name ?? "-") \(after.map { "\($0)" } ?? "-")"
  }
}
