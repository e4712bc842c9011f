import Foundation
import Testing

private let lifecycle = [
  "squares", "rootIdentity", "attributesOverLifetime", "daemonInherited", "terminateAndKill",
  "recursionOrder", "chain20", "descriptorsOfChildren", "manyQuickChildren", "manyWaiters",
  "programTypes", "largeArgumentsAndResults", "mainActor", "exitCodes", "names",
]

private let failures = [
  "boxedError", "plainError", "pathOfNodes", "deathTable", "unencodableResult", "arguments",
  "forkServerDies", "strangersChildren", "floodOfFailures",
]

private let groups = [
  "groupSum", "groupOrder", "groupLimitHolds", "groupFirstErrorCancels", "groupErrorsTogether",
  "groupBodyThrows", "groupCancelledFromOutside", "groupCrash", "groupBadLimit", "groupEmpty",
  "groupEscapes", "thousandAtEight", "fiveHundredAtOnce",
]

private let stops = [
  "stopByAsking", "stopDeaf", "stopStopped", "stopSubtree", "stopBeforeStart",
  "stopWhileStarting", "cancelledStart", "daemonEndsWithParent", "joinsAtTheEnd", "leftBehind",
  "killTree",
]

private let events = [
  "eventsOfOneChild", "eventsFromBelow", "reportsAreCoalesced", "snapshot", "lostNodes",
]

private let messages = [
  "roundTrips", "largeAndEmptyMessages", "floodUp", "floodDownToSlowSink",
  "senderWaitsForReceiver", "stopWhileFlooded", "undecodableMessage", "messagesAfterTheEnd",
  "cancelledReceive",
]

/// Scenarios that other suites run, with arguments or limits of their own.
private let elsewhere = [
  "output", "prefixedOutput", "muchOutput", "logging", "hold", "chaos", "churn",
  "descriptorLimit", "processLimit", "hostileConnections", "sweepsDeadRuns",
  "closedStandardDescriptors",
]

extension ProcessTrees {
  @Suite struct ScenarioTests {
    @Test(arguments: lifecycle, startMethods)
    func lifecycle(scenario: String, method: String) throws {
      try Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: failures, startMethods)
    func failures(scenario: String, method: String) throws {
      try Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: groups, startMethods)
    func groups(scenario: String, method: String) throws {
      try Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: stops, startMethods)
    func stops(scenario: String, method: String) throws {
      try Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: events, startMethods)
    func events(scenario: String, method: String) throws {
      try Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: messages, startMethods)
    func messages(scenario: String, method: String) throws {
      try Fixture.expectSuccess(of: scenario, method)
    }

    @Test func everyScenarioIsRunSomewhere() throws {
      let listed = try Fixture.run("")
      let known = lifecycle + failures + groups + stops + events + messages + elsewhere
      #expect(Set(listed.output.split(separator: "\n").map(String.init)) == Set(known))
    }

    @Test func aFailedExpectationFailsTheRun() throws {
      let outcome = try Fixture.run("descriptorLimit", shell: "ulimit -n 4096")
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("FAILED"))
    }
  }
}
