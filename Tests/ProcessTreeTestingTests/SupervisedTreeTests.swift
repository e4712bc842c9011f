import ProcessTree
import ProcessTreeTesting
import Testing

/// Fails an hour after its start.
struct FailsLater: NodeProgram {
  func run(in node: Node) async throws {
    try await node.sleep(for: .seconds(3_600))
    node.exit(3)
  }
}

/// Supervisors in a tree of one process.
@Suite struct SupervisedTreeTests {
  @Test func hoursOfRestartsPassAtOnce() async throws {
    let backoff = RestartBackoff(first: .seconds(600), most: .seconds(3_600))
    let failure = await #expect(throws: SupervisorFailure.self) {
      try await withTestTree(clock: .virtual, seed: 7) { root in
        try await root.withSupervisor(
          [ChildSpecification("later", FailsLater(), backoff: backoff)],
          intensity: RestartIntensity(restarts: 4, within: .seconds(360_000))
        ) { try await $0.waitUntilOver() }
      }
    }
    let chain = try #require(failure?.chain)
    #expect(chain.hasPrefix("later exited with code 3 5 times in "), "\(chain)")
  }
}
