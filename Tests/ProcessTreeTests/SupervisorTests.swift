import Foundation
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

/// Scenarios of supervisors.
private enum SupervisorFixture: FixtureProgram {
  static let name = "supervisor-fixture"
}

private let strategyScenarios = [
  "oneForOne", "oneForAll", "restForOne", "restartTypes", "intensity", "backoff", "significant",
]

private let requestScenarios = [
  "requests", "manyAtOnce", "added", "faultySpecifications", "commands", "scaling",
]

private let orderScenarios = [
  "dependencies", "explainsWaitingChildren", "skipped", "shutdownBudget", "deadlineOfAll",
  "stoppedWithTheNode",
]

private let nestingScenarios = ["escalation", "treeRestart", "specificationsTravel"]

private let livenessScenarios = ["hung", "stopped", "down", "checks"]

/// How the children were started makes no difference to these.
private let livenessScenariosOfOneMethod = [
  "longWork", "wholeRunStopped", "stoppedReceiver", "traced", "checkFails", "goesDown", "notifies",
]

private let drainScenarios = [
  "drainedWorkers", "drainedServer", "drainsInOrder", "drainsWithinItsTime",
  "mailboxesOfADrainedChild",
]

private let addressScenarios = [
  "mailboxSurvives", "waitsWhileDown", "cousins", "monitors", "looseAddresses",
]

private let largeScenarios = ["thousandRestarts", "thousandFailures", "manyChildren"]

extension ProcessTrees {
  @Suite struct SupervisorTests {
    @Test(arguments: strategyScenarios, startMethods)
    func replacesWhoTheStrategySays(scenario: String, method: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: requestScenarios, startMethods)
    func doesWhatItIsAsked(scenario: String, method: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: orderScenarios, startMethods)
    func startsAndStopsInOrder(scenario: String, method: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: nestingScenarios, startMethods)
    func nests(scenario: String, method: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: livenessScenarios, startMethods)
    func noticesWhoDoesNotAnswer(scenario: String, method: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, method)
    }

    @Test func noChildIsHungThatWaitsForTheReaderOfItsOutput() async throws {
      let outcome = try await SupervisorFixture.run(
        "outputWaits", shell: "\"$0\" \"$@\" | { sleep 1.6; wc -l; }; exit ${PIPESTATUS[0]}")
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines) == "80000")
    }

    @Test func noChildIsHungBecauseItsParentWasStopped() async throws {
      let shell = """
        "$0" "$@" & pid=$!
        sleep 0.6; kill -STOP $pid; sleep 1.2; kill -CONT $pid; wait $pid; exit $?
        """
      let outcome = try await SupervisorFixture.run("livesOn", shell: shell)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test(arguments: livenessScenariosOfOneMethod)
    func looksWhoIsAlive(scenario: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: drainScenarios, startMethods)
    func drainsWithoutLoss(scenario: String, method: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: addressScenarios, startMethods)
    func findsItsNodes(scenario: String, method: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: largeScenarios)
    func keepsMany(scenario: String) async throws {
      try await SupervisorFixture.expectSuccess(of: scenario, "forkServer")
    }

    @Test(arguments: startMethods)
    func aSignalToTheRootStopsTheSupervisedInOrder(method: String) async throws {
      let outcome = try await SupervisorFixture.run("signalled", method)
      #expect(outcome.lines == ["CancellationError()", "none left: true", "b", "a"])
      #expect(outcome.shellStatus == 128 + SIGTERM, "\(outcome.errors)")
    }

    /// Each element that was begun is done, the rest is not begun, and the signal still ends the
    /// root.
    @Test(arguments: startMethods)
    func aSignalToTheRootDrainsIfThereIsTime(method: String) async throws {
      let outcome = try await SupervisorFixture.run("drainedBySignal", method)
      func numbers(_ word: String) -> [Int] {
        outcome.lines.compactMap { line in
          line.hasPrefix(word + " ") ? Int(line.dropFirst(word.count + 1)) : nil
        }.sorted()
      }
      let done = numbers("did")
      #expect(done == numbers("began") && !done.isEmpty && done.count < 100, "\(outcome)")
      #expect(Set(done).count == done.count)
      #expect(
        outcome.lines.filter { $0.hasPrefix("end ") } == ["end b completed", "end a completed"])
      #expect(outcome.lines.contains("over true"))
      #expect(outcome.shellStatus == 128 + SIGTERM, "\(outcome.errors)")
    }

    @Test(arguments: startMethods)
    func treesOfTheSameNamesLeaveEachOtherAlone(method: String) async throws {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 1...4 {
          group.addTask { try await SupervisorFixture.expectSuccess(of: "mailboxSurvives", method) }
        }
        try await group.waitForAll()
      }
    }

    @Test func everyScenarioIsRunSomewhere() async throws {
      let listed = try await SupervisorFixture.run("")
      let known = [
        strategyScenarios, requestScenarios, orderScenarios, nestingScenarios, livenessScenarios,
        livenessScenariosOfOneMethod, addressScenarios, drainScenarios, largeScenarios,
        ["signalled", "drainedBySignal", "outputWaits", "livesOn"],
      ]
      #expect(Set(listed.lines) == Set(known.joined()))
    }
  }
}
