import Testing

@testable import ProcessTree

@Suite struct MemoryKillsTests {
  private let start = SuspendingClock.now

  /// Holds the value, which macros take as a constant.
  private final class Counted {
    var kills = MemoryKills()

    init(from count: UInt64?) { kills.restart(at: count) }

    func note(_ count: UInt64?, at now: SuspendingClock.Instant) { kills.note(count, at: now) }

    func explainsKill(_ count: UInt64?, at now: SuspendingClock.Instant) -> Bool {
      kills.explainsKill(count, at: now)
    }
  }

  @Test func whatWasCountedBeforeExplainsNothing() {
    let kills = Counted(from: 3)
    #expect(!kills.explainsKill(3, at: start))
  }

  @Test func eachStepExplainsOneEnd() {
    let kills = Counted(from: 3)
    #expect(kills.explainsKill(5, at: start))
    #expect(kills.explainsKill(5, at: start + .milliseconds(10)))
    #expect(!kills.explainsKill(5, at: start + .milliseconds(20)))
    #expect(kills.explainsKill(6, at: start + .milliseconds(30)))
  }

  @Test func aStepThatWasSeenBeforeItsVictimStillExplainsIt() {
    let kills = Counted(from: 0)
    kills.note(1, at: start)
    #expect(kills.explainsKill(1, at: start + MemoryKills.lifetime))
  }

  @Test func aStepExplainsNothingLongAfterIt() {
    let kills = Counted(from: 0)
    // Two steps and one victim here: the other was somebody else's.
    #expect(kills.explainsKill(2, at: start))
    #expect(!kills.explainsKill(2, at: start + .seconds(2)))
    // An old one does not come back with a new one.
    #expect(kills.explainsKill(3, at: start + .seconds(4)))
    #expect(!kills.explainsKill(3, at: start + .seconds(4)))
  }

  @Test func aCountThatCannotBeReadExplainsNothing() {
    let kills = Counted(from: nil)
    #expect(!kills.explainsKill(nil, at: start))
    // The first that is read is where counting begins.
    #expect(!kills.explainsKill(7, at: start))
    #expect(kills.explainsKill(8, at: start))
    #expect(!kills.explainsKill(nil, at: start))
  }

  @Test func aCountThatFallsIsABeginning() {
    let kills = Counted(from: 9)
    #expect(!kills.explainsKill(2, at: start))
    #expect(kills.explainsKill(3, at: start))
  }
}
