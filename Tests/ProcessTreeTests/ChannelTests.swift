import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

/// Each kind of channel, and ends that travel.
private let channelScenarios = [
  "pipeDown", "pipeUp", "byteBatches", "batchesOfArrays", "elementsOneByOne", "pipeOfArrays",
  "pipeBetweenSiblings", "pipeWithinANode",
  "pipeSizes",
  "workAmongFour",
  "manySenders", "broadcastToAll", "topicsReachTheirSubscribers",
  "slowSubscriberIsToldWhatItMissed",
  "broadcastWithoutSubscribers", "overflowPolicies", "trySendAnywhere", "services",
  "serviceWithoutServers", "servicesWithAState",
  "duplexPipe", "blockingFacade", "finishedChannelsAreAccountedFor",
  "whatOneIteratorLeavesTheNextOneFinds", "closedReceiversGiveNothing", "manyTasksShareAReceiver",
  "publishersEndBeforeTheirSubscribersRead",
  "subscribersOnTheirWayAreToldExactlyWhatTheyMissed",
]

/// Several things that a program waits for at once.
private let selectionScenarios = [
  "everySourceIsHeard", "sourcesTakeTurns", "whatASelectionLeavesIsThere",
  "aSelectionCanBeCancelled", "selectionsShareASource", "whatASelectionCannotHear",
  "aSelectionOutlivesASourceThatFails",
  "aBusySourceKeepsNoOtherFromBeginning", "deliveriesAreAcknowledgedByTheProgram",
]

/// Requests that nobody waits for any longer.
private let requestScenarios = [
  "cancelledRequests", "cancelledRequestsThatWait", "deadlinesTravel",
]

/// Ends that are lost, and ends at the wrong place.
private let endScenarios = [
  "receiverEndsWhenItsSenderIsKilled", "senderFailsWhenItsReceiverIsKilled",
  "endsInFlightDieWithTheirCarrier", "endsTravelInMessages", "endsTravelInElements",
  "endsPassThroughNodesThatDoNotUseThem",
  "pipeEndsMoveOnce", "homeIsKilled", "receiversThatComeTooLateFindTheEnd",
  "producerWhoseNodeEndsDeliversFirst", "endsOutsideOfMessagesAreRefused", "twoHundredChannels",
  "whoIntroducedTheEndsMayBeStoppedOrDead", "aNodeThatCannotListenEndsAndItsPeersAreTold",
  "aHomeThatCannotListenSaysSo", "whoeverCannotReachTheHomeIsTold",
  "aTreeLimitThatCannotBeKeptIsNamed",
]

/// Items in memory that nodes share.
private let largeScenarios = [
  "sharedBytes", "sharedBytesGoAhead", "sharedBytesOutliveTheirSender",
  "sharedBytesFallBackToCopies", "sharedBytesWaitWhenTheirSenderHasGone",
  "largeElementsAmongSmallOnes",
]

/// Consumers that die of what they work on, or without a reason; and producers.
private let redeliveryScenarios = [
  "poisonIsBlamedExactly", "poisonInABatchIsFound", "quarantineIsNeverSilent",
  "theElementOfABatchIsBlamed", "poisonAmongManyReceivers", "consumersAreKilled",
  "serversAreKilled",
  "producersAreKilledInTheMiddleOfAnItem",
]

/// Credit, cancellation and what is left of it all.
private let stressScenarios = [
  "slowConsumerKeepsMemoryFlat", "hoardedItemsAreRecalled", "longTasksAreGivenToWhoIsIdle",
  "whoIsStoppedWhileItWaitsForCreditIsStopped", "fullChannelsInACircleAreReported",
  "cancelledAtAnyMoment", "nothingIsLeftAfterManyChannels",
]

/// Frames in memory, between nodes that are well, stopped, dead or hostile.
private let ringScenarios = [
  "framesGoThroughRings", "linksThatCarryLittleHaveNoRings",
  "aPeerThatScribblesIntoItsRingIsNamed", "nobodyWaitsForAStoppedPeer", "ringsEndWithTheirLinks",
]

/// A limit for all nodes of a tree, which is kept over channels.
private let limitScenarios = [
  "oneLimitForTheWholeTree", "callersLendTheirPlace", "whoWaitsForAPlaceSaysSo",
  "slotsOfKilledNodesAreFree",
]

extension ProcessTrees {
  @Suite struct ChannelTests {
    /// Fewer faults than the fixture makes by itself: enough that each kind of them occurs.
    private static let calm = [
      "\(TestSettings.items ?? 800)", "\(TestSettings.faults ?? 40)",
    ]

    @Test(arguments: channelScenarios, startMethods)
    func carriesItemsBetweenNodes(scenario: String, method: String) async throws {
      try await ChannelFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: selectionScenarios, startMethods)
    func waitsForSeveralThingsAtOnce(scenario: String, method: String) async throws {
      try await ChannelFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: requestScenarios, startMethods)
    func requestsEndAtTheirDeadlines(scenario: String, method: String) async throws {
      try await ChannelFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: endScenarios, startMethods)
    func endsAreNeverLostInSilence(scenario: String, method: String) async throws {
      try await ChannelFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: largeScenarios, startMethods)
    func sharesLargeItems(scenario: String, method: String) async throws {
      try await ChannelFixture.expectSuccess(of: scenario, method)
    }

    /// Beyond the limit on file sizes the kernel makes no region, and would end a process that asks
    /// for one.
    @Test(
      arguments: startMethods, ["ulimit -f 4096", "ulimit -f 16", "trap '' XFSZ; ulimit -f 16"])
    func copiesWhereAFileMayNotBeLargeEnoughToShare(method: String, limit: String) async throws {
      for scenario in ["largeElementsAmongSmallOnes", "workAmongFour"] {
        try await Fixture.expectSuccess(
          of: scenario, method, shell: limit, executable: try ChannelFixture.executable)
      }
    }

    @Test(arguments: stressScenarios + limitScenarios, startMethods)
    func keepsItsBounds(scenario: String, method: String) async throws {
      try await ChannelFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: ringScenarios, startMethods)
    func carriesFramesThroughRings(scenario: String, method: String) async throws {
      try await ChannelFixture.expectSuccess(of: scenario, method)
    }

    @Test(arguments: redeliveryScenarios, startMethods)
    func nothingIsLostWhoeverIsKilled(scenario: String, method: String) async throws {
      try await ChannelFixture.expectSuccess(of: scenario, method, arguments: Self.calm)
    }

    @Test func everyScenarioIsRunSomewhere() async throws {
      let listed = try await ChannelFixture.run("")
      let known = [
        channelScenarios, requestScenarios, endScenarios, largeScenarios, redeliveryScenarios,
        stressScenarios, limitScenarios, ringScenarios, selectionScenarios,
      ].joined()
      #expect(Set(listed.lines) == Set(known))
    }
  }
}
