import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

@Suite struct GroupStateTests {
  private struct Failed: Error, Equatable {
    let number: Int
  }

  private func isFailure(_ error: (any Error)?, _ number: Int) -> Bool {
    (error as? Failed)?.number == number
  }

  @Test func slotsAreLimited() {
    var group = GroupState<Int>(limit: 2)
    #expect(group.hasSlot && group.isIdle)
    let numbers = [group.takeSlot(), group.takeSlot()]
    #expect(numbers == [0, 1] && !group.hasSlot && !group.isIdle)
    group.returnSlot()
    #expect(group.hasSlot)
    let mustStop = group.ended(0, .result(5))
    #expect(!mustStop && group.isIdle)
  }

  @Test func withoutALimitThereIsAlwaysASlot() {
    var group = GroupState<Int>(limit: .max)
    for _ in 0..<10_000 { _ = group.takeSlot() }
    #expect(group.hasSlot)
  }

  @Test func theFirstFailureStopsTheOthersOnce() {
    var group = GroupState<Int>(limit: .max)
    for _ in 0..<4 { _ = group.takeSlot() }
    let stops = [
      group.ended(1, .failure(Failed(number: 1))), group.ended(0, .failure(Failed(number: 0))),
      group.ended(2, .stopped), group.ended(3, .result(7)),
    ]
    #expect(stops == [true, false, false, false])
    #expect(group.failures.count == 2 && isFailure(group.failures.first, 1))
    #expect(isFailure(group.refusal, 1))
    guard case .failure(let error)? = group.next() else {
      Issue.record("a failure comes before results")
      return
    }
    #expect(isFailure(error, 1))
  }

  @Test func aFailureAfterACancellationIsKeptAndStopsNobodyAgain() {
    var group = GroupState<Int>(limit: .max)
    _ = group.takeSlot()
    let cancels = [group.cancel(), group.cancel()]
    #expect(cancels == [true, false] && group.refusal is CancellationError)
    let mustStop = group.ended(0, .failure(Failed(number: 3)))
    #expect(!mustStop && isFailure(group.refusal, 3))
  }

  @Test func aClosedGroupRefuses() {
    var group = GroupState<Int>(limit: .max)
    #expect(group.refusal == nil)
    group.close()
    #expect((group.refusal as? ProcessTreeError)?.code == .scopeEnded)
  }

  /// What a waiting `next` gets, in a word.
  private func next(_ group: inout GroupState<Int>) -> String {
    switch group.next() {
    case nil: "wait"
    case .failure(let error): "\(error)"
    case .success(nil): "end"
    case .success((let number, let output)?): "\(number): \(output)"
    }
  }

  @Test func theEndComesWhenNobodyIsAliveAndNothingReady() {
    var group = GroupState<Int>(limit: .max)
    var seen = [next(&group)]
    _ = group.takeSlot()
    _ = group.takeSlot()
    seen.append(next(&group))
    _ = group.ended(1, .result(4))
    seen.append(next(&group))
    seen.append(next(&group))
    _ = group.ended(0, .stopped)
    seen.append(next(&group))
    #expect(seen == ["end", "wait", "1: 4", "wait", "end"])
  }

  /// A group in any order of starts, ends and failures.
  @Test func theBooksBalance() {
    var generator = SeededGenerator.announced("theBooksBalance")
    for _ in 0..<500 {
      let limit = generator.bool() ? .max : generator.int(1...6)
      var group = GroupState<Int>(limit: limit)
      var alive: [Int] = []
      var (started, results, failures, stopped, taken, cancellations) = (0, 0, 0, 0, 0, 0)
      for _ in 0..<200 {
        switch generator.int(0...6) {
        case 0...2:
          guard group.hasSlot, group.refusal == nil else { continue }
          alive.append(group.takeSlot())
          started += 1
        case 3 where !alive.isEmpty:
          let number = alive.remove(at: generator.int(0...alive.count - 1))
          switch generator.int(0...40) {
          case 0:
            if group.ended(number, .failure(Failed(number: number))) { cancellations += 1 }
            failures += 1
          case 1:
            _ = group.ended(number, .stopped)
            stopped += 1
          default:
            _ = group.ended(number, .result(number))
            results += 1
          }
        case 4:
          guard case .success(let result?)? = group.next() else { continue }
          #expect(result.number == result.output)
          taken += 1
        case 5 where generator.int(0...20) == 0:
          if group.cancel() { cancellations += 1 }
        default: break
        }
        #expect(alive.count <= limit && group.isIdle == alive.isEmpty)
        #expect(group.hasSlot == (alive.count < limit))
        #expect(group.failures.count == failures && cancellations <= 1)
        #expect(group.isCancelled == (cancellations == 1))
        if failures > 0 { #expect(group.isCancelled) }
      }
      #expect(started == alive.count + results + failures + stopped && taken <= results)
      guard failures == 0 else { continue }
      while case .success(_?)? = group.next() { taken += 1 }
      #expect(taken == results, "each result is given once")
    }
  }
}
