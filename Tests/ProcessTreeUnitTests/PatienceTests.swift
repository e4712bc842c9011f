import Testing

@testable import ProcessTree

@Suite struct PatienceTests {
  private func pauses(_ patience: inout Patience) -> Int {
    var count = 0
    while patience.pause() != nil {
      #expect(patience.isPausing)
      patience.resume()
      count += 1
    }
    #expect(!patience.isPausing)
    return count
  }

  /// A hundred starts at once would otherwise use up ten seconds in one turn, once and for all.
  @Test func aHundredTriesAreTenSecondsHoweverManyWait() {
    var patience = Patience()
    let pause = patience.pause()
    #expect(pause == .milliseconds(100) && patience.isPausing)
    patience.resume()
    #expect(pauses(&patience) == 99)
    // A later start has as much time.
    #expect(pauses(&patience) == 100)
  }

  @Test func eachSuccessGivesTheWholeTimeAgain() {
    var patience = Patience()
    for _ in 0..<60 {
      _ = patience.pause()
      patience.resume()
    }
    patience.renew()
    #expect(pauses(&patience) == 100)
  }
}
