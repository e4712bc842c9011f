import Foundation
import Testing

private let lifecycleScenarios = [
  "squares", "rootIdentity", "attributesOverLifetime", "daemonInherited", "terminateAndKill",
  "recursionOrder", "chain20", "descriptorsOfChildren", "manyQuickChildren", "manyWaiters",
  "programTypes", "largeArgumentsAndResults", "mainActor", "exitCodes", "names",
]

private let failureScenarios = [
  "boxedError", "plainError", "pathOfNodes", "deathTable", "unencodableResult", "arguments",
  "forkServerDies", "strangersChildren", "floodOfFailures",
]

private let groupScenarios = [
  "groupSum", "groupOrder", "groupLimitHolds", "groupFirstErrorCancels", "groupErrorsTogether",
  "groupBodyThrows", "groupCancelledFromOutside", "groupCrash", "groupBadLimit", "groupEmpty",
  "groupOfLargeArguments", "groupCancelledWhileItsScopeWaits",
  "groupEscapes", "thousandAtEight", "fiveHundredAtOnce",
]

private let stopScenarios = [
  "stopByAsking", "stopDeaf", "stopStopped", "stopSubtree", "stopBeforeStart",
  "stopWhileStarting", "cancelledStart", "daemonEndsWithParent", "joinsAtTheEnd", "leftBehind",
  "killTree",
]

private let eventScenarios = [
  "eventsOfOneChild", "eventsFromBelow", "reportsAreCoalesced", "snapshot", "lostNodes",
  "eventsAfterTheEnd", "bothStreamsFromBelow", "endedChildrenAreFreed",
]

private let messageScenarios = [
  "roundTrips", "largeAndEmptyMessages", "floodUp", "floodDownToSlowSink",
  "senderWaitsForReceiver", "stopWhileFlooded", "undecodableMessage", "messagesAfterTheEnd",
  "cancelledReceive", "finishedSending", "shortLivedSender",
]

/// Scenarios that other suites run, with arguments or limits of their own.
private let elsewhere = [
  "output", "prefixedOutput", "muchOutput", "logging", "hold", "holdDeaf", "chaos", "churn",
  "descriptorLimit", "processLimit", "hostileConnections", "sweepsDeadRuns",
  "closedStandardDescriptors",
]

extension ProcessTrees {
  @Suite struct ScenarioTests {
    @Test(arguments: lifecycleScenarios, startMethods)
    func livesAsDocumented(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: failureScenarios, startMethods)
    func failsWithItsOwnCause(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: groupScenarios, startMethods)
    func keepsTheGroupsPromises(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: stopScenarios, startMethods)
    func stopsInOrderOrByForce(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: eventScenarios, startMethods)
    func tellsWhatHappened(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: messageScenarios, startMethods)
    func carriesMessages(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test func everyScenarioIsRunSomewhere() async throws {
      let listed = try await Fixture.run("")
      let known: [[String]] = [
        lifecycleScenarios, failureScenarios, groupScenarios, stopScenarios, eventScenarios,
        messageScenarios, elsewhere,
      ]
      #expect(Set(listed.output.split(separator: "\n").map(String.init)) == Set(known.joined()))
    }

    @Test func aFailedExpectationFailsTheRun() async throws {
      let outcome = try await Fixture.run("descriptorLimit", shell: "ulimit -n 4096")
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("FAILED"))
    }
  }
}
