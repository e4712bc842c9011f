import ProcessTreeLinks
import Testing

@testable import ProcessTree

@Suite struct WaitersTests {
  @Test func eachIsCalledOnceInTheOrderInWhichTheyCame() throws {
    let loop = try EventLoop(time: .virtual)
    let waiters = Waiters<Int>(on: loop.timers)
    var heard: [String] = []
    func wait(_ name: String, within time: Duration? = nil) -> UInt64 {
      waiters.add(within: time) { heard.append("\(name) \($0 ?? -1)") }
    }
    _ = wait("first")
    _ = wait("impatient", within: .seconds(1))
    let cancelled = wait("cancelled", within: .seconds(9))
    _ = wait("patient", within: .seconds(9))
    loop.run { !heard.isEmpty }
    waiters.cancel(cancelled)
    waiters.cancel(cancelled)
    #expect(heard == ["impatient -1", "cancelled -1"] && !waiters.isEmpty)
    waiters.resume(7)
    waiters.resume(8)
    #expect(heard.suffix(2) == ["first 7", "patient 7"] && heard.count == 4)
    #expect(waiters.isEmpty)
  }

  @Test func aWaiterThatIsAddedMeanwhileWaitsForTheNextTime() throws {
    let loop = try EventLoop(time: .virtual)
    let waiters = Waiters<Int>(on: loop.timers)
    var heard: [Int?] = []
    waiters.add(within: nil) { _ in waiters.add(within: nil) { heard.append($0) } }
    waiters.resume(1)
    #expect(heard.isEmpty)
    waiters.resume(2)
    #expect(heard == [2])
  }
}
