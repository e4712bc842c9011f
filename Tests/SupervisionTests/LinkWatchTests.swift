import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

@Suite struct LinkWatchTests {
  @Test func anEndIsACutAndTheNextAttemptIsMadeAtOnce() {
    var watch = LinkWatch(lease: .seconds(8), at: .zero)
    #expect(watch.look(at: .seconds(1)) == [])
    let isNews = watch.connectionEnded(at: .seconds(1))
    let isNewsAgain = watch.connectionEnded(at: .seconds(1))
    #expect(isNews && !isNewsAgain && watch.isCut)
    let first = watch.look(at: .seconds(1))
    let tooSoon = watch.look(at: .milliseconds(1_900))
    let second = watch.look(at: .seconds(2))
    #expect(first == [.attempt] && tooSoon == [] && second == [.attempt])
    let time = watch.resumed(at: .milliseconds(2_500))
    #expect(time == .milliseconds(1_500) && !watch.isCut)
  }

  @Test func silenceOfAQuarterIsACutUntilTheConnectionSpeaksAgain() {
    var watch = LinkWatch(lease: .seconds(8), at: .zero)
    _ = watch.heard(at: .seconds(1))
    #expect(watch.pause(at: .seconds(1)) == .seconds(1))
    #expect(watch.look(at: .milliseconds(2_999)) == [])
    #expect(watch.look(at: .seconds(3)) == [.cut(silence: .seconds(2)), .attempt])
    #expect(watch.heard(at: .seconds(4)) == .seconds(1))
    #expect(!watch.isCut && watch.heard(at: .seconds(5)) == nil)
  }

  /// Questions come, and each shows that the answer to the first has not arrived.
  @Test func answersThatDoNotArriveAreACut() {
    var watch = LinkWatch(lease: .seconds(8), at: .zero)
    for second in 1...2 {
      _ = watch.heard(at: .seconds(second))
      watch.asked(UInt32(second + 10), answered: 10, at: .seconds(second))
      #expect(watch.look(at: .seconds(second)) == [])
    }
    _ = watch.heard(at: .seconds(3))
    #expect(watch.look(at: .seconds(3)) == [.cut(silence: .zero), .attempt])
    // It still speaks, and still hears nothing.
    #expect(watch.heard(at: .milliseconds(3_500)) == nil && watch.isCut)
    watch.asked(14, answered: 13, at: .seconds(4))
    #expect(watch.heard(at: .seconds(4)) == .seconds(1))
  }

  @Test func atMostFiveAttemptsAreUnderWay() {
    var watch = LinkWatch(lease: .seconds(8), at: .zero)
    _ = watch.connectionEnded(at: .zero)
    var attempts = 0
    for second in 0..<10 { attempts += watch.look(at: .seconds(second)).count }
    #expect(attempts == LinkWatch.mostAttempts)
    #expect(watch.pause(at: .milliseconds(9_500)) == .seconds(1))
    watch.attemptEnded()
    #expect(watch.look(at: .milliseconds(9_500)) == [.attempt])
    #expect(watch.look(at: .milliseconds(9_600)) == [])
  }

  @Test func attemptsThatHangKeepNoOthersBack() {
    var watch = LinkWatch(lease: .seconds(8), at: .zero)
    _ = watch.connectionEnded(at: .zero)
    for second in 0..<40 {
      let findings = watch.look(at: .seconds(second))
      #expect(findings == (second % 10 < LinkWatch.mostAttempts ? [.attempt] : []))
    }
    for _ in 0..<100 { watch.attemptEnded() }
    #expect(watch.look(at: .seconds(50)) == [.attempt])
  }

  /// A frame comes for a long time, and questions about the lease behind it.
  @Test func aSlowConnectionIsNotCut() {
    var watch = LinkWatch(lease: .seconds(8), at: .zero)
    watch.asked(11, answered: 10, at: .zero)
    for second in 1...60 {
      watch.bytesCame(isBulk: true, at: .seconds(second))
      #expect(watch.look(at: .seconds(second)) == [])
      #expect(watch.pause(at: .seconds(second)) > .milliseconds(1))
    }
    // Nothing explains the missing answer any more, although small words come.
    watch.bytesCame(isBulk: false, at: .seconds(61))
    #expect(watch.look(at: .seconds(61)) == [])
    watch.bytesCame(isBulk: false, at: .seconds(62))
    #expect(watch.look(at: .seconds(62)) == [.cut(silence: .zero), .attempt])
  }

  @Test func aLinkThatBreaksAgainAndAgainIsNotMadeInALoop() {
    var watch = LinkWatch(lease: .seconds(8), at: .zero)
    var attempts = 0
    for millisecond in 0..<2_000 {
      let now = Duration.milliseconds(millisecond)
      _ = watch.connectionEnded(at: now)
      guard watch.look(at: now).contains(.attempt) else { continue }
      attempts += 1
      watch.attemptEnded()
      _ = watch.resumed(at: now)
    }
    #expect(attempts == 10)
  }

  /// Whatever happens: a cut is reported before it ends, attempts have their bound, and a look is
  /// due soon.
  @Test func everyHistoryIsInOrder() {
    for round in rounds(5_000) {
      var random = SeededGenerator(seed: UInt64(round) + 7)
      var watch = LinkWatch(lease: .seconds(Int.random(in: 2...40, using: &random)), at: .zero)
      var now = Duration.zero
      var (isCut, underWay) = (false, 0)
      for _ in 0..<200 {
        now += .milliseconds(Int.random(in: 0...900, using: &random))
        switch Int.random(in: 0..<7, using: &random) {
        case 6: watch.bytesCame(isBulk: .random(using: &random), at: now)
        case 0: if watch.connectionEnded(at: now) { isCut = true }
        case 1 where underWay > 0:
          underWay -= 1
          watch.attemptEnded()
        case 2 where underWay > 0:
          underWay -= 1
          watch.attemptEnded()
          _ = watch.resumed(at: now)
          isCut = false
        case 3, 4:
          let number = UInt32.random(in: 0..<9, using: &random)
          watch.asked(number, answered: UInt32.random(in: 0..<9, using: &random), at: now)
          if watch.heard(at: now) != nil {
            #expect(isCut, "round \(round)")
            isCut = false
          }
        default: break
        }
        for finding in watch.look(at: now) {
          switch finding {
          case .cut:
            #expect(!isCut, "round \(round)")
            isCut = true
          case .attempt:
            underWay += 1
            #expect(isCut, "round \(round)")
          }
        }
        #expect(watch.isCut == isCut && underWay <= 60, "round \(round)")
        let pause = watch.pause(at: now)
        #expect(pause > .zero && pause <= .seconds(1), "round \(round)")
      }
    }
  }
}
