import Foundation
import Testing

extension ProcessTrees {
  @Suite struct LimitTests {
    @Test(arguments: startMethods)
    func atTheDescriptorLimitStartsFailWithAReasonAndThenWorkAgain(method: String) async throws {
      try await Fixture.expectSuccess(of: "descriptorLimit", method, shell: "ulimit -n 64")
    }

    @Test(arguments: startMethods)
    func atTheProcessLimitStartsFailAndThenWorkAgain(method: String) async throws {
      // The limit does not hold for root, so another user runs a copy that this one may read.
      let directory = try TemporaryDirectory()
      let copy = directory.url.appending(path: "tree-fixture")
      try FileManager.default.copyItem(at: try Fixture.executable, to: copy)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o777], ofItemAtPath: directory.url.path)
      let become = getuid() == 0 ? "setpriv --reuid 65533 --regid 65533 --clear-groups --" : ""
      try await Fixture.expectSuccess(
        of: "processLimit", method, environment: ["TMPDIR": directory.url.path],
        shell: "ulimit -u 40; exec \(become) \"$0\" \"$@\"", executable: copy)
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
