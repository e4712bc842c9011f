import Glibc
import ProcessTreeLinks
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct ThreadExecutorTests {
  @Test func oneThreadDoesOneThingAfterTheOther() throws {
    let executor = try ThreadExecutor()
    let seen = Mutex<[Int]>([])
    for number in 0..<1_000 {
      executor.perform { seen.withLock { $0.append(number) } }
    }
    #expect(executor.drain(within: .seconds(60)))
    #expect(seen.withLock { $0 } == Array(0..<1_000))
  }

  @Test func moreThreadsAreMadeForWorkThatWaits() throws {
    expectToFill(try ThreadExecutor(maximum: 3), threads: 3)
  }

  /// Has all threads of an executor at work at once, and then idle.
  private func expectToFill(_ executor: ThreadExecutor, threads: Int) {
    let arrived = Atomic<Int>(0)
    // Each waits for all: with fewer threads nothing would end.
    for _ in 0..<threads {
      executor.perform {
        arrived.add(1, ordering: .relaxed)
        while arrived.load(ordering: .relaxed) < threads { usleep(100) }
      }
    }
    #expect(executor.drain(within: .seconds(60)))
  }

  @Test func whatIsNotDoneInTimeIsSaid() throws {
    let executor = try ThreadExecutor()
    let isFree = Atomic<Bool>(false)
    executor.perform { while !isFree.load(ordering: .relaxed) { usleep(100) } }
    #expect(!executor.drain(within: .zero))
    isFree.store(true, ordering: .relaxed)
    #expect(executor.drain(within: .seconds(60)))
  }

  @Test func idleThreadsDoNotKeepEachOtherAwake() throws {
    let executor = try ThreadExecutor(maximum: 4)
    expectToFill(executor, threads: 4)
    let before = clock()
    usleep(300_000)
    // Processor time, not time: a slow machine changes nothing.
    #expect(clock() - before < 100_000)
  }

  @Test func tasksRunOnTheThreadAndSleepOnTheLoop() async throws {
    let executor = try ThreadExecutor()
    try await withLoop { loop in
      let isElsewhere = await Task(executorPreference: executor) { !loop.isCurrent }.value
      #expect(isElsewhere)
      let begin = ContinuousClock.now
      try await loop.sleep(for: .milliseconds(20))
      #expect(ContinuousClock.now - begin >= .milliseconds(20))
      let sleeper = Task(executorPreference: executor) {
        try await loop.sleep(for: .seconds(3_600))
      }
      sleeper.cancel()
      await #expect(throws: CancellationError.self) { try await sleeper.value }
    }
  }
}
