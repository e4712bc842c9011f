import Testing

@testable import ProcessTreeLinks

/// Connections that have not proved who they are, as a value.
struct NewcomersTests {
  private func connection(_ number: Int32) -> Newcomers.Connection {
    Newcomers.Connection(descriptor: number, cookie: UInt64(number) + 1_000)
  }

  @Test func whoDoesNotProveItselfIsTakenOutAtItsLastLook() {
    var newcomers = Newcomers(capacity: 4)
    #expect(newcomers.add(connection(5)) { _ in true })
    for _ in 1..<Newcomers.lastLook { #expect(newcomers.look().late == []) }
    #expect(newcomers.add(connection(6)) { _ in true })
    #expect(newcomers.look().late == [connection(5)])
    #expect(!newcomers.isEmpty)
    for _ in 2..<Newcomers.lastLook { #expect(newcomers.look().late == []) }
    #expect(newcomers.look().late == [connection(6)])
    #expect(newcomers.isEmpty)
  }

  @Test func whoHasProvedItselfIsLookedAtNoMore() {
    var newcomers = Newcomers(capacity: 4)
    #expect(newcomers.add(connection(5)) { _ in true })
    newcomers.proved(5)
    newcomers.proved(9)
    #expect(newcomers.isEmpty)
    for _ in 0..<5 { #expect(newcomers.look().late == []) }
  }

  @Test func thereAreNoMoreThanTheirBound() {
    var newcomers = Newcomers(capacity: 2)
    #expect(newcomers.add(connection(5)) { _ in true })
    #expect(newcomers.add(connection(6)) { _ in true })
    #expect(!newcomers.add(connection(7)) { _ in true })
    // One that has hung up makes room.
    #expect(newcomers.add(connection(8)) { $0 != connection(5) })
    newcomers.proved(6)
    #expect(newcomers.add(connection(9)) { _ in true })
  }
}
