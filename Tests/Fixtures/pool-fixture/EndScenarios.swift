import Glibc
import Pools
import ProcessTreeScenarios
import ProcessTreeTestSettings

let endScenarios: [String: Scenario] = [
  "cancelBacklog": { root, test in
    // Ten thousand sleepers, as one call and as many calls.
    for isOneCall in [true, false] {
      let task = Task {
        try await root.withPool(size: 2) { pool in
          if isOneCall {
            _ = try await pool.map(over: 0..<10_000) { _ in Sleeping(seconds: 60) }
            return
          }
          try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10_000 { group.addTask { try await pool.run(Sleeping(seconds: 60)) } }
            try await group.waitForAll()
          }
        }
      }
      test.expect(try await eventually { root.children.count { $0.phase == .ready } == 2 })
      let start = ContinuousClock.now
      task.cancel()
      _ = await test.thrown(CancellationError.self) { try await task.value }
      test.expect(start.duration(to: .now) < .patience, "\(start.duration(to: .now))")
      test.equal(root.children.count, 0)
    }
  },
  "cancelBlocked": { root, test in
    let task = Task {
      try await root.withPool(size: 2) { pool in
        _ = try await pool.map(over: 0..<10, using: Blocking(seconds: 60))
      }
    }
    test.expect(try await eventually { root.children.count { $0.phase == .ready } == 2 })
    let start = ContinuousClock.now
    task.cancel()
    _ = await test.thrown(CancellationError.self) { try await task.value }
    test.expect(start.duration(to: .now) < .patience, "\(start.duration(to: .now))")
    test.equal(root.children.count, 0)
  },
  "cancelOneCall": { root, test in
    // One of two calls is cancelled; the other does not notice.
    try await root.withPool(size: 2) { pool in
      let sleeping = Task { try await pool.run(Sleeping(seconds: 60)) }
      async let squares = pool.map(over: 0..<50_000, using: Square())
      test.expect(try await eventually { pool.progress.running > 1 })
      sleeping.cancel()
      _ = await test.thrown(CancellationError.self) { try await sleeping.value }
      test.equal(try await squares.count, 50_000)
      // Its worker is stopped, and its place is free.
      test.equal(try await pool.map(over: 0..<4) { SquareProgram(number: $0) }, [0, 1, 4, 9])
    }
    // One is cancelled while it has every worker and more to do; the next of its kind is done.
    try await root.withPool(size: 1) { pool in
      let blocked = Task { try await pool.map(over: 0..<10, using: Blocking(seconds: 60)) }
      test.expect(try await eventually { pool.progress.running > 0 })
      blocked.cancel()
      _ = await test.thrown(CancellationError.self) { _ = try await blocked.value }
      test.equal(try await pool.map(over: 0..<10, using: Blocking(seconds: 0)).count, 10)
    }
  },
  "failureStopsOthers": { root, test in
    try await root.withPool(size: 2) { pool in
      let start = ContinuousClock.now
      let failure = await test.thrown(PoolFailure.self) {
        _ = try await pool.map(over: [60, -1, 60, 60]) { SleepOrFail(seconds: $0) }
      }
      test.equal(failure?.index, 1)
      test.equal(try await pool.run(SleepOrFail(seconds: 0)), 0)
      test.expect(start.duration(to: .now) < .patience, "\(start.duration(to: .now))")
    }
  },
  "stopNow": { root, test in
    try await root.withPool(size: 2) { pool in
      let blocked = Task { try await pool.map(over: 0..<10, using: Blocking(seconds: 60)) }
      test.expect(try await eventually { pool.progress.running > 0 })
      pool.stopNow()
      _ = await test.thrown(PoolError.self) { _ = try await blocked.value }
      _ = await test.thrown(PoolError.self) { _ = try await pool.call(1, using: Square()) }
    }
  },
  "shutDown": { root, test in
    try await root.withPool(size: 2) { pool in
      let short = Task { try await pool.run(Sleeping(seconds: 1)) }
      test.expect(try await eventually { pool.progress.running == 1 })
      let long = Task { try await pool.map(over: 0..<1_000, using: Busy(microseconds: 20_000)) }
      test.expect(try await eventually { pool.progress.running > 1 })
      pool.shutDown()
      _ = await test.thrown(PoolError.self) { _ = try await long.value }
      _ = await test.thrown(PoolError.self) { _ = try await pool.call(1, using: Square()) }
      // The workers finish the items that they have begun.
      try await short.value
      test.expect(pool.progress.completed >= 1, "\(pool.progress)")
    }
  },
  "bodyThrows": { root, test in
    let error = await test.thrown(Refused.self) {
      try await root.withPool(size: 2) { pool in
        _ = try await pool.map(over: 0..<100, using: Square())
        throw Refused(number: 1)
      }
    }
    test.equal(error, Refused(number: 1))
    // A stream that is left in the middle, and one that outlives its pool.
    var left: PoolStream<Int>.Iterator?
    try await root.withPool(size: 2) { pool in
      for try await _ in pool.stream(over: 0..<100_000, using: Square()) { break }
      var iterator = pool.stream(over: 0..<100_000, using: Square()).makeAsyncIterator()
      test.equal(try await iterator.next(), 0)
      left = iterator
    }
    _ = await test.thrown(PoolError.self) { while try await left?.next() != nil {} }
    left = nil
  },
  "cancelAtAnyMoment": { root, test in
    for pause in 0..<25 {
      let task = Task {
        try await root.withPool(size: 2) { pool in
          _ = try await pool.map(over: 0..<1_000_000, using: Busy(microseconds: 5))
        }
      }
      try await Task.sleep(for: .microseconds(pause * 400))
      task.cancel()
      _ = await test.thrown(CancellationError.self) { try await task.value }
      test.equal(root.children.count, 0)
    }
  },
]

struct SleepOrFail: NodeProgram {
  var seconds: Int
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws -> Int {
    if seconds < 0 { throw Refused(number: seconds) }
    try await Task.sleep(for: .seconds(seconds))
    return seconds
  }
}
