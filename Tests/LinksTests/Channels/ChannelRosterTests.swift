import Links
import RandomTesting
import Testing
import Wire

@Suite struct ChannelRosterTests {
  @Test(arguments: [ChannelSpecification.Kind.work, .broadcast, .service, .pipe])
  func whateverHappensEveryEndLearnsWhatItMust(_ kind: ChannelSpecification.Kind) throws {
    var generator = SeededGenerator.announced("roster of a \(kind)")
    var (introductions, refusals) = (0, 0)
    for _ in 0..<iterations(600) {
      var walk = RosterWalk(kind)
      for _ in 0..<generator.int(1...60) where !walk.isOver { try walk.step(&generator) }
      try walk.end(&generator)
      introductions += walk.introductions
      refusals += walk.refusals
    }
    // Else the walks would be too short to test anything.
    #expect(introductions > 100 && refusals > 100)
  }

  private func roster(_ kind: ChannelSpecification.Kind) -> ChannelRoster {
    var roster = ChannelRoster(kind)
    roster.hold(ticket(1), .sender)
    roster.hold(ticket(2), .receiver)
    return roster
  }

  // MARK: A claim that comes before the word that the end was sent

  @Test func aClaimMayComeBeforeTheWordOfItsWay() {
    var roster = roster(.work)
    #expect(roster.claim(ticket(1), .sender, by: node(0)) == [])
    #expect(roster.claim(ticket(3, by: 1), .receiver, by: node(2)) == [])
    #expect(
      roster.minted(ticket(3, by: 1), .receiver, by: node(1).path) == [
        .introduce(sender: ticket(1), at: node(0), receiver: ticket(3, by: 1), of: node(2))
      ])
    #expect(roster.claim(ticket(3, by: 1), .receiver, by: node(2)) == [])
  }

  @Test func aPipesEndMayArriveBeforeTheWordThatItWentOn() {
    var roster = roster(.pipe)
    #expect(roster.claim(ticket(1), .sender, by: node(0)) == [])
    #expect(roster.minted(ticket(2), .receiver, by: node(0).path) == [])
    #expect(roster.claim(ticket(2), .receiver, by: node(1)).count == 1)
    // From node 1 to node 2, which is faster.
    #expect(roster.claim(ticket(2), .receiver, by: node(2)) == [])
    #expect(
      roster.minted(ticket(2), .receiver, by: node(1).path) == [
        .introduce(sender: ticket(1), at: node(0), receiver: ticket(2), of: node(2))
      ])
  }

  private func expectRefusal(_ actions: [ChannelRoster.Action], of ticket: TicketID) {
    guard case .refuse(ticket, at: node(2), _) = actions.last else {
      Issue.record("\(actions)")
      return
    }
  }

  @Test func aClaimOfWhatWasNeverSentIsRefusedInTheEnd() {
    // The node that is said to have sent it dies.
    let lost = ticket(3, by: 1)
    var roster = roster(.work)
    #expect(roster.claim(lost, .receiver, by: node(2)) == [])
    expectRefusal(roster.nodeGone(node(1)), of: lost)
    // The channel comes to its end.
    var other = self.roster(.work)
    #expect(other.claim(lost, .receiver, by: node(2)) == [])
    #expect(other.release([ticket(1)]) == [])
    expectRefusal(other.release([ticket(2)]), of: lost)
    // Another claims it as well.
    var third = self.roster(.work)
    #expect(third.claim(lost, .receiver, by: node(1)) == [])
    expectRefusal(third.claim(lost, .receiver, by: node(2)), of: lost)
    // The claimer dies itself: nobody is told anything.
    #expect(third.nodeGone(node(1)) == [])
    #expect(third.minted(lost, .receiver, by: node(1).path) == [])
    #expect(third.unclaimed(from: node(1).path) == [lost])
  }

  @Test func aPipesEndThatItsOwnerDiesWithIsRefusedToOthers() {
    var roster = roster(.pipe)
    _ = roster.minted(ticket(2), .receiver, by: node(0).path)
    _ = roster.claim(ticket(2), .receiver, by: node(1))
    #expect(roster.claim(ticket(2), .receiver, by: node(2)) == [])
    expectRefusal(roster.nodeGone(node(1)), of: ticket(2))
  }

  @Test func aClaimThatComesTooLateIsRefusedAtOnce() {
    var roster = roster(.work)
    let late = ticket(3, by: 1)
    _ = roster.minted(late, .receiver, by: node(1).path)
    _ = roster.revoke([late])
    expectRefusal(roster.claim(late, .receiver, by: node(2)), of: late)
    // All senders are gone, and whoever comes with one is too late, too.
    _ = roster.release([ticket(1)])
    expectRefusal(roster.claim(ticket(4, by: 1), .sender, by: node(2)), of: ticket(4, by: 1))
  }
}
