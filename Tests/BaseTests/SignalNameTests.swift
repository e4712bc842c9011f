import Glibc
import ProcessTreeBase
import Testing

@Suite struct SignalNameTests {
  /// The signals below the real-time ones.
  @Test(arguments: 1...31 as ClosedRange<Int32>)
  func eachSignalHasANameThatLeadsBack(_ signal: Int32) {
    let name = SignalName.name(of: signal)
    #expect(name.hasPrefix("SIG"))
    #expect(SignalName.number(of: name) == signal)
    #expect(SignalName.number(of: String(name.dropFirst(3))) == signal)
  }

  @Test func namesAreThoseOfTheSystem() {
    #expect(SignalName.name(of: SIGTERM) == "SIGTERM")
    #expect(SignalName.name(of: SIGSTKFLT) == "SIGSTKFLT")
    #expect(SignalName.name(of: SIGIO) == "SIGIO")
  }

  @Test(arguments: SignalName.numbers.lowerBound - 1...SignalName.numbers.upperBound + 1)
  func numbersWithoutANameStandForThemselves(_ signal: Int32) {
    let name = SignalName.name(of: signal)
    #expect(name.hasPrefix("SIG") || name == "signal \(signal)")
  }

  @Test(arguments: ["", "SIG", "term", "SIGSIGTERM", "15", "NONE", "signal 40"])
  func textsThatNameNoSignalHaveNoNumber(_ text: String) {
    #expect(SignalName.number(of: text) == nil)
  }
}
