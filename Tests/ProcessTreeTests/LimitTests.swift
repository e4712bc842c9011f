import Foundation
import ScenarioRuns
import Testing

extension ProcessTrees {
  @Suite struct LimitTests {
    @Test(arguments: startMethods)
    func atTheDescriptorLimitStartsFailWithAReasonAndThenWorkAgain(method: String) async throws {
      try await Fixture.expectSuccess(of: "descriptorLimit", method, shell: "ulimit -n 64")
    }

    @Test(arguments: startMethods)
    func atTheProcessLimitStartsFailAndThenWorkAgain(method: String) async throws {
      // The limit does not hold for root.
      try await Fixture.expectSuccessWithoutRights(
        of: "processLimit", method, shell: "ulimit -u 40")
    }

    @Test(arguments: startMethods)
    func tenThousandHostileConnectionsDoNotDisturbANode(method: String) async throws {
      try await Fixture.expectSuccess(of: "hostileConnections", method)
    }

    @Test(arguments: startMethods)
    func aRootWithoutStandardDescriptorsWorks(method: String) async throws {
      try await Fixture.expectSuccess(
        of: "closedStandardDescriptors", method, shell: "exec <&- >&- 2>&-")
    }

    @Test func aTemporaryDirectoryThatCannotBeUsedIsNamed() async throws {
      let outcome = try await Fixture.run("squares", environment: ["TMPDIR": "/proc"])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("/proc/process-tree-"))
      #expect(outcome.errors.contains("TMPDIR"))
    }

    @Test func aPathTooLongForASocketIsNamed() async throws {
      let long = "/tmp/" + String(repeating: "x", count: 100)
      let outcome = try await Fixture.run("squares", environment: ["TMPDIR": long])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("too long"))
      #expect(outcome.errors.contains("TMPDIR"))
    }
  }
}
