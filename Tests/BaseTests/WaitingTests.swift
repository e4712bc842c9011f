import ProcessTreeBase
import ProcessTreeRandomTesting
import Synchronization
import Testing

@Suite struct WaiterTests {
  @Test func anEventBeforeTheWaitEndsIt() async {
    let waiter = Waiter()
    waiter.resume()
    waiter.resume()
    #expect(await waiter.wait())
  }

  @Test func aCancelledTaskDoesNotWait() async {
    let waiter = Waiter()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await waiter.wait()
    }
    #expect(await !task.value)
  }

  /// The event and the cancellation race; whichever is first ends the wait, and only one of them.
  @Test func eventAndCancellationRace() async {
    var random = SeededGenerator.announced("Waiter")
    for _ in 0..<iterations(3_000) {
      let waiter = Waiter()
      let events = random.int(0...3)
      let cancels = events == 0 || random.bool()
      let yields = (0..<4).map { _ in random.int(0...2) }
      let task = Task {
        for _ in 0..<yields[3] { await Task.yield() }
        return await waiter.wait()
      }
      await withTaskGroup(of: Void.self) { group in
        for event in 0..<events {
          group.addTask {
            for _ in 0..<yields[event] { await Task.yield() }
            waiter.resume()
          }
        }
        if cancels { group.addTask { task.cancel() } }
      }
      let wasResumed = await task.value
      #expect(wasResumed ? events > 0 : cancels, "seed \(random.seed)")
    }
  }

  @Test func aShieldedWaitOutlivesTheCancellation() async {
    var random = SeededGenerator.announced("shielded Waiter")
    for _ in 0..<iterations(500) {
      let waiter = Waiter()
      let isOver = Atomic(false)
      let task = Task {
        await waiter.waitShielded()
        return isOver.load(ordering: .acquiring)
      }
      task.cancel()
      for _ in 0..<random.int(0...3) { await Task.yield() }
      isOver.store(true, ordering: .releasing)
      waiter.resume()
      #expect(await task.value, "seed \(random.seed)")
    }
  }
}

@Suite struct ConditionTests {
  private final class Box: @unchecked Sendable {
    let condition = Condition()
    var count = 0
  }

  @Test @MainActor func allThatWaitLookAgain() async {
    let box = Box()
    let tasks = (1...10).map { goal in
      Task { @MainActor in
        while box.count < goal { await box.condition.wait() }
        return goal
      }
    }
    while box.count < 10 {
      await Task.yield()
      box.count += 1
      box.condition.wakeAll()
    }
    for (index, task) in tasks.enumerated() { #expect(await task.value == index + 1) }
  }
}

@Suite struct ProtectedTests {
  /// A buffer of limited size between tasks: each change lets on the tasks that can go on.
  private struct Buffer: Sendable {
    let limit: Int
    var elements: [Int] = []
    var isFinished = false
  }

  private func put(_ element: Int, into buffer: Protected<Buffer>) async throws {
    try await buffer.wait { buffer -> Void? in
      guard buffer.elements.count < buffer.limit else { return nil }
      return buffer.elements.append(element)
    }
  }

  private func take(from buffer: Protected<Buffer>) async throws -> Int? {
    try await buffer.wait { buffer -> Int?? in
      if !buffer.elements.isEmpty { return .some(buffer.elements.removeFirst()) }
      return buffer.isFinished ? .some(nil) : nil
    }
  }

  /// Tasks that put and take are cancelled at any moment: every element that was put is taken once.
  @Test func nothingIsLostOrDoubledByCancellation() async throws {
    var random = SeededGenerator.announced("Protected")
    for _ in 0..<iterations(300) {
      let buffer = Protected(Buffer(limit: random.int(1...3)))
      let kept = Protected<[Int]>([])
      let putters = (0..<random.int(1...3)).map { putter in
        Task {
          var put: [Int] = []
          for number in 0..<50 {
            do { try await self.put(putter * 1_000 + number, into: buffer) } catch { break }
            put.append(putter * 1_000 + number)
          }
          return put
        }
      }
      let takers = (0..<random.int(1...3)).map { _ in
        Task {
          while let element = try await self.take(from: buffer) {
            kept.withLock { $0.append(element) }
          }
        }
      }
      let lastTaker = Task {
        while let element = try await self.take(from: buffer) {
          kept.withLock { $0.append(element) }
        }
      }
      let yields = random.int(0...40)
      for _ in 0..<yields { await Task.yield() }
      if random.bool() { putters[random.int(0...putters.count - 1)].cancel() }
      if random.bool() { takers[random.int(0...takers.count - 1)].cancel() }
      var put: [Int] = []
      for putter in putters { put += await putter.value }
      buffer.withLock { $0.isFinished = true }
      for taker in takers { _ = await taker.result }
      try await lastTaker.value
      #expect(kept.withLock { $0.sorted() } == put.sorted(), "seed \(random.seed)")
    }
  }

  @Test @MainActor func tasksThatWaitAreServedInTheirOrder() async throws {
    let order = Protected<[Int]>([])
    let begun = Protected(0)
    let tasks = (0..<20).map { number in
      Task { @MainActor in
        begun.withLock { $0 += 1 }
        try await order.wait { order -> Void? in order.isEmpty ? nil : order.append(number) }
      }
    }
    // Each runs on this actor until it waits.
    try await begun.wait(until: { $0 == 20 })
    await Task { @MainActor in }.value
    order.withLock { $0.append(-1) }
    for task in tasks { try await task.value }
    #expect(order.withLock { $0 } == Array(-1..<20))
  }

  @Test func aCancelledTaskDoesNotTake() async {
    let value = Protected<Int?>(7)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await value.wait { $0.take() }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(value.withLock { $0 } == 7)
  }

  @Test func aShieldedWaitTakesInACancelledTask() async {
    let value = Protected<Int?>(nil)
    let task = Task { await value.waitShielded { $0.take() } }
    task.cancel()
    value.withLock { $0 = 7 }
    #expect(await task.value == 7)
  }

  /// What one task takes may be what an earlier one waits for.
  @Test func aChangeByOneThatWaitsServesTheOthers() async throws {
    let state = Protected(0)
    let second = Task { try await state.wait(until: { $0 == 2 }) }
    let first = Task {
      try await state.wait { state -> Void? in
        guard state == 1 else { return nil }
        state = 2
        return ()
      }
    }
    await Task.yield()
    state.withLock { $0 = 1 }
    try await first.value
    try await second.value
  }
}
