import ProcessTreeRandomTesting
import ProcessTreeSupervision
import Testing

@Suite struct HostLeaseTests {
  private let second = Duration.seconds(1)

  @Test func anAnswerExtendsTheLeaseFromTheSendingOfItsQuestion() {
    var lease = HostLease(.seconds(10), at: .zero)
    #expect(lease.until == .seconds(10) && lease.pause == second)
    let number = lease.ask(at: .seconds(4))
    #expect(!lease.isOver(at: .seconds(9)) && lease.isOver(at: .seconds(10)))
    lease.granted(number)
    #expect(lease.until == .seconds(14))
    // The same word, and one that nobody has asked for.
    lease.granted(number)
    lease.granted(99)
    #expect(lease.until == .seconds(14))
  }

  @Test func anAnswerToAnOldQuestionLendsNothing() {
    var lease = HostLease(.seconds(10), at: .zero)
    let old = lease.ask(at: .seconds(1))
    let new = lease.ask(at: .seconds(2))
    lease.granted(new)
    lease.granted(old)
    #expect(lease.until == .seconds(12))
  }

  @Test func theEndOfAConnectionShortensTheLease() {
    var lease = HostLease(.seconds(20), at: .zero)
    lease.demandWord(at: .seconds(2))
    #expect(lease.until == .seconds(12))
    lease.demandWord(at: .seconds(5))
    #expect(lease.until == .seconds(12))
    // A near half that lives has come back.
    lease.granted(lease.ask(at: .seconds(6)))
    #expect(lease.until == .seconds(26) && lease.answered == 1)
    var short = HostLease(.seconds(2), at: .zero)
    short.demandWord(at: .seconds(1))
    #expect(short.until == .seconds(2))
  }

  @Test func theLimitIsLaterThanTheLease() {
    var grant = HostGrant(lease: .seconds(10), at: .zero)
    #expect(grant.limit == .milliseconds(13_500))
    grant.asked(at: .seconds(3))
    #expect(grant.limit == .milliseconds(16_500))
    #expect(grant.silence(at: .seconds(5)) == .seconds(2))
    #expect(!grant.isOver(at: .seconds(16)) && grant.isOver(at: .milliseconds(16_500)))
  }

  /// The helper waits for one second before it kills in the place of a far half that is stopped.
  @Test(arguments: [2, 10, 60, 600])
  func killingHasTwoSecondsWhateverTheLease(seconds: Int) {
    let lease = Duration.seconds(seconds)
    let grant = HostGrant(lease: lease, at: .zero)
    #expect(grant.limit >= lease * 104 / 100 + .seconds(1) + .seconds(2))
  }

  /// A history of words that are late, lost, doubled and out of order, between clocks of different
  /// rates and beginnings: the near half never calls a host over on which something may still run.
  @Test func nothingRunsOnAHostThatIsOver() {
    for round in rounds(10_000) {
      var random = SeededGenerator(seed: UInt64(round) + 1)
      let length = Duration.milliseconds(Int.random(in: 2_000...30_000, using: &random))
      // Together they differ by 4 % at most.
      let farRate = Double.random(in: 0.98...1.0196, using: &random)
      let nearRate = Double.random(in: 0.98...1.0196, using: &random)
      let farStart = Duration.seconds(Int.random(in: 0...100_000, using: &random))
      let nearStart = Duration.seconds(Int.random(in: 0...100_000, using: &random))
      func far(_ time: Duration) -> Duration { farStart + time * farRate }
      func near(_ time: Duration) -> Duration { nearStart + time * nearRate }

      var lease = HostLease(length, at: far(.zero))
      let helloTime = Duration.milliseconds(Int.random(in: 0...2_000, using: &random))
      var grant: HostGrant?
      // Words under way: when they come, the number, and whether it is a question.
      var words: [(time: Duration, number: UInt64, isQuestion: Bool)] = []
      var time = Duration.zero
      var nextQuestion = Duration.zero
      var cut = false
      var nearOver: Duration?
      var farOver: Duration?
      func travel(_ number: UInt64, _ isQuestion: Bool) {
        if cut || Int.random(in: 0..<20, using: &random) == 0 { return }
        for _ in 0..<(Int.random(in: 0..<30, using: &random) == 0 ? 2 : 1) {
          let most = Int.random(in: 0..<10, using: &random) == 0 ? 40_000 : 300
          let delay = Duration.milliseconds(Int.random(in: 0...most, using: &random))
          words.append((time + delay, number, isQuestion))
        }
      }
      while nearOver == nil || farOver == nil, time < .seconds(300) {
        time += .milliseconds(Int.random(in: 1...600, using: &random))
        if Int.random(in: 0..<60, using: &random) == 0 {
          cut.toggle()
          // Both ends of a connection may end; frames under way may come over the next one, or
          // never.
          if cut, farOver == nil, Bool.random(using: &random) {
            let before = lease.until
            lease.demandWord(at: far(time))
            #expect(lease.until <= before)
            if Bool.random(using: &random) { words = [] }
          }
        }
        if time > .seconds(60) { cut = true }
        if time >= helloTime, grant == nil {
          grant = HostGrant(lease: length, at: near(time))
        }
        if farOver == nil, lease.isOver(at: far(time)) { farOver = time }
        if farOver == nil, time >= nextQuestion {
          travel(lease.ask(at: far(time)), true)
          nextQuestion = time + lease.pause
        }
        for word in words where word.time <= time {
          if word.isQuestion {
            guard nearOver == nil, grant != nil else { continue }
            grant?.asked(at: near(time))
            travel(word.number, false)
          } else if farOver == nil {
            lease.granted(word.number)
          }
        }
        words.removeAll { $0.time <= time }
        if nearOver == nil, grant?.isOver(at: near(time)) == true {
          nearOver = time
          // A lease that ended a moment ago counts as ended: the steps of this test are coarse.
          #expect(farOver != nil || lease.isOver(at: far(time)), "round \(round)")
          if let farOver { #expect(farOver <= time) }
        }
      }
      #expect(nearOver != nil && farOver != nil, "round \(round)")
    }
  }

  @Test func aStopOfTheRunHasALeaseOfItsOwn() {
    var lease = HostLease(.seconds(10), at: .zero)
    let lends = lease.granted(lease.ask(at: .seconds(2)), isSuspension: true)
    #expect(lends && lease.until == .seconds(602))
    let lendsLess = lease.granted(lease.ask(at: .seconds(3)))
    #expect(lendsLess && lease.until == .seconds(602))
    lease.resume(at: .seconds(30))
    #expect(lease.until == .seconds(40))
    lease.granted(lease.ask(at: .seconds(35)))
    #expect(lease.until == .seconds(45))
    var grant = HostGrant(lease: .seconds(10), at: .zero)
    grant.suspended(at: .seconds(2))
    #expect(grant.limit == .seconds(635))
    grant.resumed(at: .seconds(30))
    #expect(grant.limit == .milliseconds(43_500))
  }

  private enum Word {
    case question(UInt64)
    case answer(UInt64, isSuspension: Bool)
    case resume
    case resumed
  }

  /// The run stops and goes on at any moments, and both sides hear of it late.
  ///
  /// The near half never calls a host over on which something may still run. Words keep their
  /// order, and those about the run are not lost.
  @Test func nothingRunsOnAHostThatIsOverAfterStops() {
    for round in rounds(1_000) {
      var random = SeededGenerator(seed: UInt64(round) + 1)
      let length = Duration.milliseconds(Int.random(in: 2_000...30_000, using: &random))
      let farRate = Double.random(in: 0.98...1.0196, using: &random)
      let nearRate = Double.random(in: 0.98...1.0196, using: &random)
      var lease = HostLease(length, at: .zero)
      var grant = HostGrant(lease: length, at: .zero)
      var (toFar, toNear): ([(time: Duration, word: Word)], [(time: Duration, word: Word)]) = (
        [], []
      )
      var (time, nextQuestion, isSuspended, isCut) = (Duration.zero, Duration.zero, false, false)
      func late(_ queue: [(time: Duration, word: Word)]) -> Duration {
        let delay = Duration.milliseconds(Int.random(in: 0...2_000, using: &random))
        return max(time + delay, queue.last?.time ?? .zero)
      }
      while time < .seconds(2_500) {
        time += .milliseconds(Int.random(in: 50...3_000, using: &random))
        if Int.random(in: 0..<40, using: &random) == 0 { isCut.toggle() }
        if time > .seconds(600) { isCut = true }
        if Int.random(in: 0..<30, using: &random) == 0 {
          isSuspended.toggle()
          if !isSuspended { toFar.append((late(toFar), .resume)) }
        }
        let (far, near) = (time * farRate, time * nearRate)
        if time >= nextQuestion {
          let number = lease.ask(at: far)
          if !isCut { toNear.append((late(toNear), .question(number))) }
          nextQuestion = time + lease.pause
        }
        while !isCut, let first = toNear.first, first.time <= time {
          toNear.removeFirst()
          switch first.word {
          case .question(let number):
            isSuspended ? grant.suspended(at: near) : grant.asked(at: near)
            toFar.append((late(toFar), .answer(number, isSuspension: isSuspended)))
          case .resumed: if !isSuspended { grant.resumed(at: near) }
          case .answer, .resume: break
          }
        }
        while !isCut, let first = toFar.first, first.time <= time {
          toFar.removeFirst()
          switch first.word {
          case .answer(let number, let isSuspension):
            lease.granted(number, isSuspension: isSuspension)
          case .resume:
            lease.resume(at: far)
            toNear.append((late(toNear), .resumed))
          case .question, .resumed: break
          }
        }
        guard !lease.isOver(at: far) else { break }
        #expect(!grant.isOver(at: near), "round \(round) at \(time)")
      }
      #expect(lease.isOver(at: time * farRate), "round \(round)")
    }
  }
}
