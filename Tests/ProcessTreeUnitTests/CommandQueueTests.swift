import ProcessTreeProcessControl
import Testing

@testable import ProcessTree

/// Many commands of which a few run at a time, as decisions.
@Suite struct CommandQueueTests {
  private typealias End = Result<CompletedCommand, CommandError>

  private static func end(_ code: Int32) -> End {
    .success(CompletedCommand(command: "x", pid: 1, status: .exited(code)))
  }

  private func queue(
    limit: Int = 2, attempts: Int = 1, inOrder: Bool = false, stopsAtFailure: Bool = false,
    commands: Int, isAll: Bool = true
  ) -> CommandQueue {
    var queue = CommandQueue(
      limit: limit, attempts: attempts, inOrder: inOrder, stopsAtFailure: stopsAtFailure)
    for number in 0..<commands { queue.take(Command("x", ["\(number)"])) }
    if isAll { queue.take(nil) }
    return queue
  }

  private func started(_ queue: inout CommandQueue) -> [CommandQueue.Attempt] {
    var started: [CommandQueue.Attempt] = []
    while let next = queue.start() { started.append(next) }
    return started
  }

  private func outcome(_ queue: inout CommandQueue) -> CommandOutcome? {
    guard case .outcome(let outcome) = queue.next() else { return nil }
    return outcome
  }

  @Test func noMoreThanTheLimitRun() {
    var queue = queue(limit: 3, commands: 7)
    var running = started(&queue)
    #expect(running.map(\.index) == [0, 1, 2])
    var ended = 0
    while let attempt = running.popLast() {
      queue.ended(attempt, Self.end(0))
      ended += 1
      running += started(&queue)
      #expect(running.count == min(3, 7 - ended))
    }
    for _ in 0..<7 { #expect(outcome(&queue) != nil) }
    guard case .end = queue.next() else {
      Issue.record("not at its end")
      return
    }
  }

  @Test func commandsAreWantedWhileFewAreUnderWay() {
    var queue = queue(limit: 2, commands: 0, isAll: false)
    #expect(queue.demand == 8)
    for number in 0..<8 { queue.take(Command("x", ["\(number)"])) }
    #expect(queue.demand == 0)
    let running = started(&queue)
    queue.ended(running[0], Self.end(0))
    // Nobody has taken it yet.
    #expect(queue.demand == 0)
    #expect(outcome(&queue)?.index == 0)
    #expect(queue.demand == 1)
    queue.take(nil)
    #expect(queue.demand == 0)
  }

  @Test func aLimitMayBeAnyNumber() {
    var queue = queue(limit: .max, commands: 3, isAll: false)
    #expect(queue.demand == .max - 3)
    #expect(started(&queue).count == 3)
  }

  @Test func outcomesComeAsCommandsEndOrInTheirOrder() {
    for inOrder in [false, true] {
      var queue = queue(limit: 3, inOrder: inOrder, commands: 3)
      let running = started(&queue)
      queue.ended(running[2], Self.end(2))
      queue.ended(running[1], Self.end(1))
      #expect(outcome(&queue)?.index == (inOrder ? nil : 2))
      queue.ended(running[0], Self.end(0))
      #expect(outcome(&queue)?.index == (inOrder ? 0 : 1))
      #expect(outcome(&queue)?.index == (inOrder ? 1 : 0))
      #expect(outcome(&queue)?.index == (inOrder ? 2 : nil))
    }
  }

  @Test func whatFailsIsRunAgainBeforeOthers() {
    var queue = queue(limit: 1, attempts: 3, commands: 2)
    for number in 1...3 {
      let attempt = started(&queue)[0]
      #expect(attempt.index == 0 && attempt.number == number)
      queue.ended(
        attempt, number == 2 ? .failure(.notPiped("input", of: Command("x"))) : Self.end(1))
    }
    let failed = outcome(&queue)
    #expect(failed?.attempts == 3 && failed?.isSuccess == false)
    #expect(started(&queue).map(\.index) == [1])
  }

  @Test func theFirstFailureEndsAllIfItIsTo() {
    var queue = queue(limit: 3, stopsAtFailure: true, commands: 9)
    let running = started(&queue)
    queue.ended(running[0], Self.end(0))
    queue.ended(running[1], Self.end(7))
    #expect(queue.isStopped && queue.demand == 0 && queue.start() == nil)
    // Not before the others have ended.
    guard case .wait = queue.next() else {
      Issue.record("does not wait")
      return
    }
    queue.broke(CancellationError())
    guard case .failure(let error) = queue.next() else {
      Issue.record("has not failed")
      return
    }
    #expect((error as? CommandFailure)?.status == .exited(7))
  }

  @Test func anErrorOfAllEndsAll() {
    var queue = queue(commands: 5)
    let running = started(&queue)
    queue.broke(ProcessTreeError(.nodeEnding, "ending"))
    queue.ended(running[1], Self.end(0))
    guard case .failure(let error) = queue.next() else {
      Issue.record("has not failed")
      return
    }
    #expect((error as? ProcessTreeError)?.code == .nodeEnding)
  }

  @Test(arguments: [0, 1, 3, 10, 1_000])
  func aTailIsTheEndOfAll(limit: Int) {
    var tail = ByteTail(limit: limit)
    var all: [UInt8] = []
    for size in [0, 1, 2, 5, 3, 700, 0, 1, 40] {
      let piece = (0..<size).map { UInt8(truncatingIfNeeded: all.count + $0) }
      all += piece
      piece.withUnsafeBytes { tail.append($0) }
      #expect(tail.bytes == Array(all.suffix(limit)))
      #expect(tail.isCut == (all.count > limit))
    }
  }
}
