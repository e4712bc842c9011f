import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTree

@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct EventQueueTests {
  private func path(_ number: Int) -> NodePath { NodePath(positions: [UInt32(number)]) }

  /// All that waits in a queue that has been finished.
  private func drain(_ queue: EventQueue) async -> [LifecycleEvent] {
    queue.finish()
    var events: [LifecycleEvent] = []
    while let event = await queue.next() { events.append(event) }
    return events
  }

  @Test func eventsComeInOrderAndThenTheEnd() async {
    let queue = EventQueue()
    for number in 1...500 as ClosedRange<UInt64> { queue.push(event(.ready, sequence: number)) }
    let events = await drain(queue)
    #expect(events.map(\.sequence) == Array(1...500))
    #expect(await queue.next() == nil)
  }

  @Test func whoWaitsIsWoken() async {
    let queue = EventQueue()
    async let first = queue.next()
    queue.push(event(.started))
    #expect(await first?.kind == .started)
    async let second = queue.next()
    queue.finish()
    #expect(await second == nil)
  }

  @Test func tasksThatWaitTogetherShareTheEvents() async {
    let queue = EventQueue()
    let numbers = await withTaskGroup(of: [UInt64].self) { group in
      for _ in 0..<4 {
        group.addTask {
          var numbers: [UInt64] = []
          while let event = await queue.next() { numbers.append(event.sequence) }
          return numbers
        }
      }
      for number in 1...1_000 as ClosedRange<UInt64> {
        queue.push(event(.ready, sequence: number))
        if number % 10 == 0 { await Task.yield() }
      }
      queue.finish()
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(numbers.sorted() == Array(1...1_000))
  }

  @Test func eventsOfLivesAreNeverDropped() async {
    let queue = EventQueue()
    for number in 1...20_000 as ClosedRange<UInt64> {
      queue.push(event(.ready, path(Int(number) % 5 + 1), sequence: number))
    }
    #expect(await drain(queue).map(\.sequence) == Array(1...20_000))
  }

  @Test func reportsGiveWayWhenNobodyTakesThem() async {
    let queue = EventQueue()
    for number in 1...50_000 { queue.push(event(report(number), path(number % 3 + 1))) }
    let events = await drain(queue)
    #expect(events.count <= 1_024 + 3)
    var counted = 0
    var last: [String: Int] = [:]
    for event in events {
      guard case .reported(let report) = event.kind else { continue }
      counted += 1 + report.coalesced
      #expect(last[event.path, default: 0] < report.completed ?? 0, "of one node in order")
      last[event.path] = report.completed
    }
    #expect(counted == 50_000, "each report is there or counted")
    #expect(last.values.sorted() == [49_998, 49_999, 50_000], "the latest of each is there")
  }

  @Test func aReportDoesNotOvertakeAnotherEventOfItsNode() async {
    let queue = EventQueue()
    for number in 1...1_024 { queue.push(event(report(number), path(2))) }
    queue.push(event(report(1)))
    queue.push(event(.forkServerLost))
    queue.push(event(report(2)))
    queue.push(event(report(3)))
    let own = await drain(queue).filter { $0.path == "Process-1" }
    let kinds = own.map { event -> Int? in
      guard case .reported(let report) = event.kind else { return nil }
      return report.completed
    }
    #expect(kinds == [1, nil, 3])
  }

  @Test func cancellationEndsTheWait() async {
    for round in 0..<500 {
      let queue = EventQueue()
      let waiting = Task { await queue.next() }
      for _ in 0..<round % 4 { await Task.yield() }
      waiting.cancel()
      #expect(await waiting.value == nil)
    }
  }

  /// "nil at the end and when the task is cancelled": else one that is cancelled goes on for as
  /// long as events come.
  @Test func aCancelledTaskGetsTheEndAlsoWhileEventsWait() async {
    let queue = EventQueue()
    for _ in 0..<10 { queue.push(event(.ready)) }
    let taken = await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      var taken = 0
      while await queue.next() != nil { taken += 1 }
      return taken
    }.value
    #expect(taken == 0)
  }

  @Test func pushersAndATakerOnManyThreadsLoseNothing() async {
    let queue = EventQueue()
    let taking = Task {
      var seen: [String: [UInt64]] = [:]
      while let event = await queue.next() { seen[event.path, default: []].append(event.sequence) }
      return seen
    }
    await withTaskGroup(of: Void.self) { group in
      for node in 1...4 {
        group.addTask {
          for number in 1...2_000 as ClosedRange<UInt64> {
            queue.push(event(.ready, NodePath(positions: [UInt32(node)]), sequence: number))
          }
        }
      }
    }
    queue.finish()
    let seen = await taking.value
    #expect(seen.count == 4 && seen.values.allSatisfy { $0 == Array(1...2_000) })
  }
}
