import Foundation
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

/// Scenarios of hosts; engines are commands on this machine.
private enum HostFixture: FixtureProgram {
  static let name = "host-fixture"
}

private let placementScenarios = [
  "result", "names", "group", "messages", "largePayloads", "events",
]

private let endScenarios = ["causes", "stops", "scopeEnds", "nothingIsLeftOfAChild"]

private let lossScenarios = [
  "farHalfKilled", "keeperKilled", "farHalfStopped", "keeperStopped", "bothHalvesStopped",
  "othersGoOn", "randomKills", "startedTooLate", "helperKilled", "scopeEndsWithAStoppedKeeper",
  "rootStopped", "openedOften", "keeperKilledAtTheEnd",
]

private let supervisedScenarios = ["supervised"]
private let channelScenarios = [
  "pipes", "pipesOfSiblings", "work", "services", "broadcasts", "grandchildren", "addresses",
  "blame", "hostsLostWithAnElement", "bulk",
]

private let workScenarios = [
  "pool", "poolPoison", "poolUnderFire", "poolWithoutHosts", "pipeline", "pipelineUnderFire",
  "pipelineWithoutHosts",
]

private let cutScenarios = [
  "engineKilled", "oneWay", "placedInACut", "stoppedInACutForGood", "keeperEndedInACut",
  "strangers",
]

private let drainScenarios = [
  "drainedWork", "drainedPool", "drainedPipeline", "drainedEverywhere", "drainedInVain",
  "drainedState", "endedState", "drainedWorkers", "drainedPoolWorkers", "longestWaits",
]

private let lateHostScenarios = [
  "lateHosts", "lateFailures", "lateForItsScope", "lateHostsOfAPipeline", "joiningHosts",
]

private let refusalScenarios = [
  "badHosts", "engines", "noise", "fromElsewhere", "manyHosts", "allFailures",
]

extension ProcessTrees {
  @Suite struct HostTests {
    @Test(arguments: placementScenarios)
    func childrenRunThereAsHere(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: endScenarios)
    func childrenEndThereAsHere(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: lossScenarios)
    func aLostHostIsOver(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: supervisedScenarios)
    func aSupervisorKeepsChildrenOnHosts(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: channelScenarios)
    func channelsReachThere(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: workScenarios)
    func poolsAndPipelinesWorkThere(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: cutScenarios)
    func aShortCutIsNoticedByNobody(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test func manyCutsLoseAndDoubleNothing() async throws {
      try await HostFixture.expectSuccess(
        of: "manyCuts", "forkServer", arguments: ["15"], timeout: 120)
    }

    @Test(arguments: drainScenarios)
    func aHostThatIsAskedToEndDrains(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: lateHostScenarios)
    func lateHostsAreUsed(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    /// Slurm's commands are scripts that run all here.
    @Test func tasksOfAnArrayJoinAsTheyBegin() async throws {
      let files = try TemporaryDirectory()
      let commands = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Hosts/fake-slurm").path
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      try await HostFixture.expectSuccess(
        of: "arrayTasks", "forkServer",
        environment: [
          "PATH": "\(commands):\(path)", "SLURM_LOG": files.url.appending(path: "log").path,
        ])
    }

    @Test(arguments: ["copied", "notCopied"])
    func theProgramIsCopied(scenario: String) async throws {
      let home = try TemporaryDirectory()
      try await HostFixture.expectSuccess(
        of: scenario, "forkServer", arguments: [home.url.path])
    }

    @Test(arguments: refusalScenarios)
    func refusesWhatCannotBe(scenario: String) async throws {
      try await HostFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test func outputComesHere() async throws {
      let outcome = try await HostFixture.run("output")
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("out of b"))
      #expect(outcome.errors.contains("err of b"))
    }

    @Test(arguments: ["flood", "floodLeft"])
    func aSlowReaderCostsNoHost(scenario: String) async throws {
      let files = try TemporaryDirectory()
      let file = files.url.appending(path: "waited").path
      let process = Process()
      process.executableURL = try HostFixture.executable
      process.arguments = [scenario, file]
      let output = Pipe()
      process.standardOutput = output
      process.standardInput = FileHandle.nullDevice
      try process.runInForeground()
      _ = try await eventually(within: .seconds(60)) {
        FileManager.default.fileExists(atPath: file) || !process.isRunning
      }
      let all = try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      guard scenario == "flood" else { return }
      #expect(all.count { $0 == UInt8(ascii: "x") } == 1_023 * 24 << 10)
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGINT])
    func nothingIsLeftThereAfterTheRoot(signal: Int32) async throws {
      try await endRoot(of: "hold", by: signal)
    }

    @Test func nothingIsLeftThereAfterARootThatIsKilledInACut() async throws {
      try await endRoot(of: "holdInACut", by: SIGKILL)
    }

    private func endRoot(of scenario: String, by signal: Int32) async throws {
      let files = try TemporaryDirectory()
      let file = files.url.appending(path: "program")
      let process = Process()
      process.executableURL = try HostFixture.executable
      process.arguments = [scenario, file.path]
      let output = Pipe()
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      process.standardInput = FileHandle.nullDevice
      try process.runInForeground()
      let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      let node = try #require(Int32(line.dropFirst("held ".count).prefix { $0 != "\n" }))
      let text = try String(contentsOf: file, encoding: .utf8)
      let program = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
      #expect(kill(node, 0) == 0)
      #expect(kill(program, 0) == 0)
      kill(process.processIdentifier, signal)
      // The far half has five seconds, or its lease.
      let isEmpty = try await eventually(within: .seconds(12)) {
        kill(node, 0) != 0 && kill(program, 0) != 0
      }
      #expect(isEmpty)
      process.waitUntilExit()
      unlink("/tmp/ptree-down-\(process.processIdentifier)")
      for pid in [node, program] where kill(pid, 0) == 0 { kill(pid, SIGKILL) }
    }
  }
}
