import ProcessTreeLinks
import ProcessTreeTestSettings
import Testing

@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct EventLoopTests {
  @Test func closuresOfAllThreadsRunOnTheLoopInTheirOrder() async throws {
    try await withLoop { loop in
      let seen = Box([[Int]](repeating: [], count: 8))
      let elsewhere = Box(0)
      await withTaskGroup(of: Void.self) { group in
        for thread in 0..<8 {
          group.addTask {
            await Task.detached {
              for number in 0..<2_000 {
                loop.perform {
                  if !loop.isCurrent { elsewhere.value += 1 }
                  seen.value[thread].append(number)
                }
              }
            }.value
          }
        }
      }
      try await loop.rest { seen.value.allSatisfy { $0.count == 2_000 } }
      #expect(elsewhere.value == 0)
      #expect(seen.value.allSatisfy { $0 == Array(0..<2_000) })
    }
  }

  @Test func tasksThatPreferTheLoopRunThere() async throws {
    try await withLoop { loop in
      let count = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<1_000 {
          group.addTask {
            let before = loop.isCurrent
            await Task.yield()
            return before && loop.isCurrent
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(count == 1_000)
    }
  }

  @Test func aHopRunsThereAndBringsBackWhatCameOfIt() async throws {
    struct Refused: Error {}
    try await withLoop { loop in
      #expect(try await loop.run { loop.isCurrent })
      try await Task.detached {
        #expect(!loop.isCurrent)
        for number in 0..<500 {
          let answer = try await loop.run { loop.isCurrent ? number : -1 }
          #expect(answer == number)
        }
        await #expect(throws: Refused.self) { try await loop.run { throw Refused() } }
        #expect(!loop.isCurrent)
      }.value
    }
  }

  @Test func boundStateIsReachedFromAnywhere() async throws {
    try await withLoop { loop in
      let bound = LoopBound(Box(0), on: loop)
      bound.perform { $0.value += 1 }
      #expect(bound.value.value == 1, "at once, on the loop")
      await Task.detached {
        for _ in 0..<100 { bound.perform { $0.value += 1 } }
        _ = try? await bound.run { $0.value += 1 }
      }.value
      #expect(bound.value.value == 102)
    }
  }

  @Test func aJobMayRunTheLoopAgain() async throws {
    try await withLoop { loop in
      let done = Box(0)
      _ = loop.timers.schedule(after: .milliseconds(1)) {
        done.value += 1
        // Within a timer, within a job.
        loop.perform { done.value += 1 }
        try? loop.turn { done.value == 2 }
        done.value += 1
      }
      try loop.turn { done.value == 3 }
    }
  }

  @Test func aHandlerMayRunTheLoopAgain() async throws {
    try await withLoop { loop in
      let pipes = (0..<10).map { _ in TestPipe() }
      let order = Box<[Int]>([])
      for (number, pipe) in pipes.enumerated() {
        try loop.poller.add(pipe.reading, for: .read) { _ in
          guard pipe.drain() > 0 else { return }
          order.value.append(number)
          // The first waits for all others, whose events have been fetched with its own.
          if order.value.count == 1 { try? loop.turn { order.value.count == 10 } }
        }
      }
      for pipe in pipes { pipe.write() }
      try loop.turn { order.value.count == 10 }
      #expect(order.value.sorted() == Array(0..<10))
      for pipe in pipes {
        loop.poller.remove(pipe.reading)
        pipe.close()
      }
    }
  }

  @Test func aClosureMayRunTheLoopAgain() async throws {
    try await withLoop { loop in
      let waited = Box<Bool?>(nil)
      let hasCome = Box(false)
      let isOver = Box(false)
      _ = loop.timers.schedule(after: .seconds(2)) { isOver.value = true }
      loop.perform {
        loop.run { hasCome.value || isOver.value }
        waited.value = hasCome.value
      }
      // Handed over together with the first, which waits for it.
      loop.perform { hasCome.value = true }
      try loop.turn { waited.value != nil }
      #expect(waited.value == true, "what was handed over beside a closure waits for its end")
    }
  }

  @Test func aProgramThatNeverRestsDoesNotShutOutAnything() async throws {
    try await withLoop { loop in
      let pipe = TestPipe()
      let isStopped = Box(false)
      let seen = Box<Set<String>>([])
      try loop.poller.add(pipe.reading, for: .read) { _ in
        pipe.drain()
        seen.value.insert("descriptor")
      }
      async let busy: Void = { while !isStopped.value { await Task.yield() } }()
      pipe.write()
      _ = loop.timers.schedule(after: .milliseconds(1)) { seen.value.insert("timer") }
      loop.addTurnHook {
        seen.value.insert("hook")
        return false
      }
      Task.detached { loop.perform { seen.value.insert("closure") } }
      try await loop.rest { seen.value.count == 4 }
      isStopped.value = true
      await busy
      loop.poller.remove(pipe.reading)
      pipe.close()
    }
  }

  @Test func runsThatAreSoonDoneLookAtDescriptorsNowAndThen() async throws {
    try await withLoop { loop in
      let pipe = TestPipe()
      let (isSeen, isDone) = (Box(false), Box(false))
      try loop.poller.add(pipe.reading, for: .read) { _ in
        pipe.drain()
        isSeen.value = true
      }
      let hook = loop.addTurnHook {
        isDone.value = true
        return false
      }
      pipe.write()
      for _ in 0..<10 {
        isDone.value = false
        loop.run { isDone.value }
      }
      #expect(isSeen.value)
      loop.removeTurnHook(hook)
      loop.poller.remove(pipe.reading)
      pipe.close()
    }
  }

  @Test func aReadyDescriptorDoesNotShutOutTimersNorTheyIt() async throws {
    try await withLoop { loop in
      let pipe = TestPipe()
      let (reads, fires) = (Box(0), Box(0))
      // Never drained: ready in every turn.
      try loop.poller.add(pipe.reading, for: .read) { _ in reads.value += 1 }
      pipe.write()
      func schedule() {
        _ = loop.timers.schedule(after: .zero) {
          fires.value += 1
          schedule()
        }
      }
      schedule()
      try loop.turn { reads.value > 1_000 && fires.value > 1_000 }
      loop.poller.remove(pipe.reading)
      pipe.close()
    }
  }

  @Test func aHookThatHasMoreKeepsTheLoopFromWaiting() async throws {
    try await withLoop { loop in
      let turns = Box(0)
      loop.addTurnHook {
        turns.value += 1
        return turns.value < 1_000
      }
      // Without a timer or a descriptor that would wake it.
      loop.run { turns.value >= 1_000 }
      #expect(turns.value == 1_000)
    }
  }

  @Test func whatIsDoneAlreadyTakesNoTurn() async throws {
    try await withLoop { loop in
      let turns = Box(0)
      loop.addTurnHook {
        turns.value += 1
        return false
      }
      loop.run { true }
      #expect(turns.value == 0)
    }
  }

  @Test func aCallOffTheLoopIsATrap() async {
    await #expect(processExitsWith: .failure) {
      let loop = try await LoopThread().start()
      loop.assertCurrent()
    }
    await #expect(processExitsWith: .failure) {
      let loop = try await LoopThread().start()
      _ = LoopBound(1, on: loop).value
    }
  }
}
