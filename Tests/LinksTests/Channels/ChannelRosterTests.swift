import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

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

  @Test func whoDoesNotHaveAnEndCannotReleaseIt() {
    var roster = roster(.work)
    #expect(roster.claim(ticket(1), .sender, by: node(0)) == [])
    #expect(roster.minted(ticket(3, by: 1), .receiver, by: node(1).path) == [])
    #expect(!roster.claim(ticket(3, by: 1), .receiver, by: node(2)).isEmpty)
    #expect(roster.release([ticket(1), ticket(3, by: 1)], by: node(3)) == [])
    // The receiver that the home holds is still to come.
    #expect(roster.release([ticket(3, by: 1)], by: node(2)) == [])
    #expect(roster.release([ticket(2)], by: node(0)) != [])
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

  @Test func aPipesEndIsWhereItWentLastInWhateverOrderItsNodesSaySo() {
    var generator = SeededGenerator.announced("a pipe's end that goes on")
    for _ in 0..<iterations(2_000) {
      var roster = roster(.pipe)
      #expect(roster.claim(ticket(1), .sender, by: node(0)) == [])
      #expect(roster.minted(ticket(2), .receiver, hop: 1, by: node(0).path) == [])
      // The messages of each node on the way, in their order; the last one uses the end.
      let last = UInt32(generator.int(1...4))
      typealias Word = (inout ChannelRoster) -> [ChannelRoster.Action]
      var words: [[Word]] = (1...last).map { number in
        [
          { $0.arrive(ticket(2), .receiver, hop: number, at: node(number)) },
          number == last
            ? { $0.claim(ticket(2), .receiver, hop: number, by: node(number)) }
            : { $0.minted(ticket(2), .receiver, hop: number + 1, by: node(number).path) },
        ]
      }
      // Nodes that were stopped or killed in between send only the beginning of it, or nothing.
      for index in words.indices.dropLast() where generator.int(0...3) == 0 {
        words[index].removeLast(generator.int(0...2))
      }
      var actions: [ChannelRoster.Action] = []
      while let index = words.indices.filter({ !words[$0].isEmpty })
        .randomElement(using: &generator)
      {
        actions += words[index].removeFirst()(&roster)
      }
      #expect(
        actions == [
          .introduce(sender: ticket(1), at: node(0), receiver: ticket(2), of: node(last))
        ])
      for number in (1..<last).shuffled(using: &generator) {
        #expect(roster.nodeGone(node(number)) == [])
      }
      #expect(
        roster.nodeGone(node(last)) == [.receiversGone(sender: ticket(1), at: node(0))])
    }
  }

  private func expectRefusal(_ actions: [ChannelRoster.Action], of ticket: TicketID) {
    guard case .refuse(ticket, at: node(2), _) = actions.last else {
      Issue.record("\(actions)")
      return
    }
  }

  @Test func aClaimOfWhatWasNeverSentIsRefusedInTheEnd() {
    // The reported sender of it dies.
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
    // The claimer dies itself: nobody gets a message.
    #expect(third.nodeGone(node(1)) == [])
    #expect(third.minted(lost, .receiver, by: node(1).path) == [])
    #expect(third.unclaimed(from: node(1).path) == [lost])
  }

  @Test func thePipesEndOfOneNodeIsRefusedToOthersAlsoAfterItsDeath() {
    var roster = roster(.pipe)
    _ = roster.minted(ticket(2), .receiver, hop: 1, by: node(0).path)
    _ = roster.claim(ticket(2), .receiver, hop: 1, by: node(1))
    expectRefusal(roster.claim(ticket(2), .receiver, hop: 1, by: node(2)), of: ticket(2))
    _ = roster.nodeGone(node(1))
    expectRefusal(roster.claim(ticket(2), .receiver, hop: 2, by: node(2)), of: ticket(2))
  }

  @Test func aClaimThatComesTooLateIsRefusedAtOnce() {
    var roster = roster(.work)
    let late = ticket(3, by: 1)
    _ = roster.minted(late, .receiver, by: node(1).path)
    _ = roster.revoke([late])
    expectRefusal(roster.claim(late, .receiver, by: node(2)), of: late)
    // All senders are gone, and a node that comes with one is too late, too.
    _ = roster.release([ticket(1)])
    expectRefusal(roster.claim(ticket(4, by: 1), .sender, by: node(2)), of: ticket(4, by: 1))
  }
}
