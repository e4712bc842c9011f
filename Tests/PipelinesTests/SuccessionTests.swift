import Testing

@testable import Pipelines

@Suite struct SuccessionTests {
  @Test func aWorkerThatGotSomethingDoneIsReplacedAtOnce() {
    var succession = Succession()
    for _ in 0..<100 { #expect(succession.die(isFruitful: true) == .zero) }
  }

  @Test func pausesGrowUntilThereIsNoSuccessor() {
    var succession = Succession()
    let pauses = (1..<Succession.limit).map { _ in succession.die(isFruitful: false) }
    #expect(
      pauses == [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000].map { .milliseconds($0) })
    #expect(succession.die(isFruitful: false) == nil)
  }

  @Test func whatWasGotDoneBeginsTheSeriesAgain() {
    var succession = Succession()
    for _ in 0..<5 {
      for _ in 1..<Succession.limit { #expect(succession.die(isFruitful: false) != nil) }
      #expect(succession.die(isFruitful: true) == .zero)
    }
    #expect(succession.die(isFruitful: false) == .milliseconds(10))
  }
}
