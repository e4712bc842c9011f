import Foundation
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

private let lifecycleScenarios = [
  "squares", "oneThreadBeforeTheFirstLink", "noLibraryBeforeTheFirstLink", "rootIdentity",
  "attributesOverLifetime",
  "daemonInherited", "terminateAndKill",
  "recursionOrder", "chain20", "descriptorsOfChildren", "manyQuickChildren", "manyWaiters",
  "programTypes", "largeArgumentsAndResults", "mainActor", "exitCodes", "names",
  "whatAChildInherits", "contendedLocks", "contendedGlobals",
]

private let failureScenarios = [
  "boxedError", "plainError", "pathOfNodes", "deathTable", "deaths", "unencodableResult",
  "arguments",
  "forkServerDies", "strangersChildren", "bareForks", "floodOfFailures",
  "changedTemporaryDirectory",
  "aRunWithinACommandEndsWithIt", "appsWordsForErrors",
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
  "forkServersEndWithTheirNodes", "killTree", "everyLevelSaysWhoAsked",
]

private let hookScenarios = [
  "hooksRunAtEveryEnd", "hooksHaveTheirTime", "hooksHaveTheTimeOfTheStop", "killedNodesRunNoHooks",
]

private let eventScenarios = [
  "eventsOfOneChild", "eventsFromBelow", "reportsAreCoalesced", "snapshot", "lostNodes",
  "eventsAfterTheEnd", "bothStreamsFromBelow", "endedChildrenAreFreed", "lastWordsFromFarBelow",
]

private let waitScenarios = ["longestWaits", "waitsOfNothing"]

private let messageScenarios = [
  "roundTrips", "largeAndEmptyMessages", "floodUp", "floodDownToSlowSink",
  "senderWaitsForReceiver", "stopWhileFlooded", "undecodableMessage", "messagesAfterTheEnd",
  "cancelledReceive", "finishedSending", "shortLivedSender",
]

private let breakageScenarios = [
  "closedStandardDescriptorsOfChildren", "closedDescriptors", "bytesOnTheControlConnection",
  "tracedChild", "stoppedForkServer", "hugeErrorTexts", "outOfMemory",
]

private let commandScenarios = [
  "commandRoundTrips", "commandConversation", "commandOutputLimits", "commandGigabyte",
  "commandWaitsForItsReader", "commandClosesItsInput", "commandOneReader",
  "commandSendersTakeTurns", "commandOffTheLoop", "hundredCommandsAtOnce", "commandCannotStart",
  "commandIsFoundAsInAShell", "commandEnvironment", "commandSurroundings",
  "commandMeetsItsLimits", "commandExitCodes", "commandCancelled", "commandEndsWithItsScope",
  "commandIgnoresTerm", "commandLeavesProcesses", "commandOutputEndsWithTheCommand",
  "commandIsNotLeftBehind", "commandsOfAKilledNode", "commandsOfAStoppedNode",
  "commandsEndWithTheProgram", "commandStatusIsTaken", "commandChurn", "externalCommand",
  "externalCommandStops", "commandFailureTravels", "commandLeavesTheLoopToOthers",
  "commandReadsAFile", "commandWritesAFile", "commandStandardErrorGoesElsewhere",
  "commandFilesThatCannotBeOpened", "commandFilesAtTheDescriptorLimit",
  "externalCommandRedirected", "commandRunsAsAnotherUser", "commandOfAnotherUserIsEnded",
  "commandsOfAnotherUserOfAKilledNode", "commandsHaveDeadlines", "manyCommands",
  "manyCommandsAreRunAgain", "manyCommandsEndTogether",
]

private let settingsScenarios = [
  "childrenHaveTheirSettings", "childrenMeetTheirLimits", "settingsThatCannotBe",
]

private let explanationScenarios = [
  "explainsWaits", "explainsCreditAndSlots", "explainsTheStuck", "deadlinesSayWhy",
]

private let timeoutScenarios = ["resultInTime", "spawnInTime", "anythingInTime"]

/// Scenarios of commands at whose output, or remains, a test looks.
private let observedCommandScenarios = [
  "commandErrorLines", "holdCommands", "holdCommandsOfAnotherUser", "commandInheritsStreams",
  "commandWithoutRights", "commandIsCaptured",
]

/// Scenarios that hold commands; only root may run one as another user.
private let heldCommandScenarios =
  ["holdCommands"] + (getuid() == 0 ? ["holdCommandsOfAnotherUser"] : [])

/// Scenarios that other suites run, with arguments or limits of their own.
private let elsewhere = [
  "output", "prefixedOutput", "muchOutput", "logging", "hold", "holdDeaf", "chaos", "churn",
  "descriptorLimit", "fewDescriptors", "processLimit", "outputAtProcessLimit",
  "hostileConnections", "silentConnections", "sweepsDeadRuns",
  "closedStandardDescriptors", "leavesAStranger", "hidesAProcess", "aGroupThatCannotBeMade",
  "hostileSibling", "holdMany", "limitedForkServer", "ignoredSignals",
  "heardSignals", "fewDescriptors", "silentConnections", "outputAtProcessLimit", "lineWithoutEnd",
  "bytesOfAnyKind", "outputForALateReader", "outputBehindTheEndOfATie", "outputOfTheRootItself",
  "foreignNode",
  "foreignNodeOfAnotherVersion", "failsAmidWork", "leaves",
]

extension ProcessTrees {
  @Suite struct TreeScenarioTests {
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

    @Test(arguments: hookScenarios, startMethods)
    func runsHooksAtItsEnd(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: eventScenarios, startMethods)
    func tellsWhatHappened(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: waitScenarios, startMethods)
    func waitsAsLongAsItIsTold(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: messageScenarios, startMethods)
    func carriesMessages(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: breakageScenarios, startMethods)
    func outlivesWhatBreaks(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: commandScenarios, startMethods)
    func runsCommandsUnderSupervision(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: settingsScenarios, startMethods)
    func givesProcessesTheirSettings(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: timeoutScenarios, startMethods)
    func waitsNoLongerThanIsWanted(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: explanationScenarios, startMethods)
    func saysWhatNodesWaitFor(scenario: String, method: String) async throws {
      try await Fixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: startMethods)
    func errorsOfACapturedCommandStayInMemory(method: String) async throws {
      let outcome = try await Fixture.run("commandIsCaptured", method)
      #expect(outcome.status == 0)
      #expect(outcome.errors == "")
    }

    @Test(arguments: startMethods)
    func errorLinesOfCommandsGoOnInOrder(method: String) async throws {
      let outcome = try await Fixture.run("commandErrorLines", method)
      #expect(outcome.shellStatus == 0)
      let lines = outcome.errors.split(separator: "\n")
      let numbers = (1...50_000).map(String.init)
      for source in ["root", "node", "inner"] {
        let found = lines.filter { $0.hasPrefix(source + " ") }.map { $0.dropFirst(5) }
        let wanted = numbers + (source == "root" ? ["end"] : [])
        #expect(found.map { $0.drop { $0 == " " } }.elementsEqual(wanted) { $0 == $1 }, "\(source)")
      }
      let output = outcome.output.split(separator: "\n")
      #expect(output.elementsEqual(numbers) { $0 == "out " + $1 })
    }

    @Test(arguments: startMethods)
    func commandsInheritTheNodesStreams(method: String) async throws {
      let outcome = try await Fixture.run(
        "commandInheritsStreams", method, shell: "exec <<<'from the test'")
      #expect(outcome.shellStatus == 0, "\(outcome.errors)")
      #expect(outcome.output == "from the test\nout\njoined\n")
      #expect(outcome.errors == "err\n")
    }

    @Test(arguments: startMethods)
    func commandsHaveTheRightsOfTheirNode(method: String) async throws {
      try await Fixture.expectSuccessWithoutRights(of: "commandWithoutRights", method)
    }

    @Test(arguments: startMethods, heldCommandScenarios)
    func commandsDieWithTheRoot(method: String, scenario: String) async throws {
      for _ in 0..<5 {
        let tree = try HeldTree(method, scenario: scenario)
        // Of five commands a shell, a child and a daemon, beside the nodes and fork servers.
        // Their shells may still be about to start them.
        #expect(
          try await eventually { tree.processes().values.count { $0 == "sleep" } == 10 })
        kill(tree.pid, SIGKILL)
        tree.process.waitUntilExit()
        let survivors = tree.survivors()
        #expect(survivors.isEmpty)
        for pid in survivors.keys { kill(pid, SIGKILL) }
      }
    }

    /// An audit that can find nothing shows nothing.
    @Test func anAuditFindsWhatIsLeft() async throws {
      let outcome = try await Fixture.run("leaves")
      #expect(outcome.status == 1)
      let failure = outcome.errors.split(separator: "\n").first { $0.hasPrefix("FAILED") } ?? ""
      let numbers = /children (\d+), .*? descriptors (\d+)/
      let audits = failure.matches(of: numbers)
        .compactMap { (children: Int($0.1), descriptors: Int($0.2)) }
      try #require(audits.count == 2, "\(outcome)")
      #expect(audits[0].children == audits[1].children.map { $0 + 1 }, "\(failure)")
      #expect(audits[0].descriptors ?? 0 > audits[1].descriptors ?? 0, "\(failure)")
    }

    @Test func everyScenarioIsRunSomewhere() async throws {
      let listed = try await Fixture.run("")
      let known: [[String]] = [
        lifecycleScenarios, failureScenarios, groupScenarios, stopScenarios, eventScenarios,
        breakageScenarios, commandScenarios, observedCommandScenarios, messageScenarios,
        waitScenarios, timeoutScenarios, settingsScenarios, hookScenarios, explanationScenarios,
        elsewhere,
      ]
      #expect(Set(listed.lines) == Set(known.joined()))
    }

    @Test func aFailedExpectationFailsTheRun() async throws {
      let outcome = try await Fixture.run("descriptorLimit", shell: "ulimit -n 4096")
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("FAILED"))
    }
  }
}
