import Foundation
import ProcessTreeScenarioRuns
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

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 30])
    func aFirstChildIsStartedOrRefusedWhateverDescriptorsAreLeft(left: Int) async throws {
      for method in startMethods {
        try await Fixture.expectSuccess(
          of: "fewDescriptors", method, arguments: ["\(left)"], shell: "ulimit -n 200")
      }
    }

    @Test(arguments: [14, 20, 40])
    func linesAreWrittenWhereNoThreadCanBeMade(limit: Int) async throws {
      try await Fixture.expectSuccessWithoutRights(
        of: "outputAtProcessLimit", "forkServer", shell: "ulimit -u \(limit)")
    }

    @Test(arguments: startMethods)
    func silentConnectionsAreCutOffAndNeverUseDescriptorsUp(method: String) async throws {
      try await Fixture.expectSuccess(of: "silentConnections", method)
    }

    @Test func aChildWithoutRoomForItsHelperSaysSo() async throws {
      try await Fixture.expectSuccessWithoutRights(of: "limitedForkServer", "forkServer")
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

    @Test func aTemporaryDirectoryInWhichOthersCanReplaceFilesIsRefused() async throws {
      let directory = try TemporaryDirectory()
      let path = directory.url.path + "/below"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      chmod(directory.url.path, 0o777)
      let open = try await Fixture.run("squares", environment: ["TMPDIR": path])
      #expect(open.status == 1)
      #expect(open.errors.contains("others may write to \(directory.url.path)"))
      #expect(open.errors.contains("Set TMPDIR to"))
      chmod(directory.url.path, 0o1777)
      try await Fixture.expectSuccess(
        of: "sweepsDeadRuns", "forkServer", environment: ["TMPDIR": path])
      // Only root can give a directory away.
      guard chown(directory.url.path, 65533, 65533) == 0 else { return }
      let foreign = try await Fixture.run("squares", environment: ["TMPDIR": path])
      #expect(foreign.status == 1)
      #expect(foreign.errors.contains("\(directory.url.path) belongs to another user (65533)"))
      chown(directory.url.path, 0, 0)
    }

    @Test func anyUmaskWill() async throws {
      let directory = try TemporaryDirectory()
      try await Fixture.expectSuccess(
        of: "sweepsDeadRuns", "forkServer", environment: ["TMPDIR": directory.url.path],
        shell: "umask 777")
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
