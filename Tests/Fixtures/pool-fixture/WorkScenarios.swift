import Glibc
import Pools
import ProcessTreeScenarios
import Synchronization

let workScenarios: [String: Scenario] = [
  "mapTransform": { root, test in
    let squares = try await root.withPool(size: 2) { pool in
      try await pool.map(over: 1...100_000, using: Square())
    }
    test.same(squares, (1...100_000).map { $0 * $0 })
  },
  "mapStages": { root, test in
    try await root.withPool(size: 2) { pool in
      let copies = try await pool.map(over: [2, 0, 1, 3], using: Copies())
      // Each input has a copy of the stage, whose count starts anew.
      test.equal(copies, [2, 2, -2, 0, 1, -1, 3, 3, 3, -3])
      test.equal(try await pool.map(over: [2], using: Copies()), [2, 2, -2])
      test.same(try await pool.map(over: 0..<300, using: SlowEcho()), Array(0..<300))
      test.equal(try await pool.map(over: [7], using: SlowEcho()), [7])
    }
  },
  "mapPrograms": { root, test in
    try await root.withPool(size: 2) { pool in
      let squares = try await pool.map(over: 0..<5_000) { SquareProgram(number: $0) }
      test.same(squares, (0..<5_000).map { $0 * $0 })
      test.equal(try await pool.run(SquareProgram(number: 12)), 144)
      try await pool.run(Sleeping(seconds: 0))
    }
  },
  "emptyAndSingle": { root, test in
    try await root.withPool(size: 3) { pool in
      test.equal(try await pool.map(over: [Int](), using: Square()), [])
      test.equal(pool.progress.workersStarted, 0)
      test.equal(try await pool.map(over: [3], using: Square()), [9])
      test.equal(try await pool.call(4, using: Square()), 16)
      var count = 0
      for try await _ in pool.stream(over: [Int](), using: Square()) { count += 1 }
      test.equal(count, 0)
    }
  },
  "idleReuse": { root, test in
    try await root.withPool(size: 4) { pool in
      var pids: Set<Int32> = []
      for number in 0..<50 { pids.insert(try await pool.call(number, using: WorkerPID())) }
      test.equal(pids.count, 1)
      test.equal(pool.progress.workersStarted, 1)
    }
  },
  "configurationTravels": { root, test in
    // Another value of the same type needs no other worker; two at a time keep apart.
    try await root.withPool(size: 1) { pool in
      for by in 0..<20 { test.equal(try await pool.call(1, using: Shift(by: by)), 1 + by) }
      async let left = pool.map(over: 0..<20_000, using: Shift(by: 1))
      async let right = pool.map(over: 0..<20_000, using: Shift(by: -1))
      test.same(try await left, Array(1...20_000))
      test.same(try await right, Array(-1..<19_999))
      test.equal(pool.progress.workersStarted, 1)
    }
  },
  "manyKinds": { root, test in
    try await root.withPool(size: 2) { pool in
      for _ in 0..<3 {
        async let squares = pool.map(over: 0..<3_000, using: Square())
        async let programs = pool.map(over: 0..<3_000) { SquareProgram(number: $0) }
        async let texts = pool.map(over: ["a", "b"], using: Shout())
        test.same(try await squares, try await programs)
        test.equal(try await texts, ["A", "B"])
        test.expect(pool.progress.workers <= 2, "\(pool.progress)")
      }
    }
  },
  "asynchronousInputs": { root, test in
    try await root.withPool(size: 2) { pool in
      let numbers = AsyncStream<Int> { continuation in
        for number in 0..<2_000 { continuation.yield(number) }
        continuation.finish()
      }
      test.same(try await pool.map(over: numbers, using: Square()), (0..<2_000).map { $0 * $0 })
      var outputs: [Int] = []
      for try await output in pool.stream(over: Counting(end: 1_000), using: Square()) {
        outputs.append(output)
      }
      test.same(outputs, (0..<1_000).map { $0 * $0 })
      let error = await test.thrown(Counting.Broken.self) {
        _ = try await pool.map(over: Counting(end: 100, breaksAt: 50), using: Square())
      }
      test.equal(error?.number, 50)
    }
  },
  "infiniteInputs": { root, test in
    // No end, a slow consumer: only so many are taken as are under way.
    let taken = Mutex(0)
    let inputs = sequence(first: 0) { number in
      taken.withLock { $0 = number + 1 }
      return number + 1
    }
    try await root.withPool(size: 2) { pool in
      var options = CallOptions()
      options.maximumInFlight = 64
      var next = 0
      for try await output in pool.stream(over: inputs, using: Square(), options: options) {
        test.equal(output, next * next)
        next += 1
        let ahead = taken.withLock(\.self) - next
        test.expect(ahead <= 64, "\(ahead) ahead")
        if next % 100 == 0 { try await Task.sleep(for: .milliseconds(1)) }
        if next == 1_000 { break }
      }
      var count = 0
      for try await _ in pool.stream(over: Counting(end: .max), using: Square()).outcomes {
        count += 1
        if count == 1_000 { break }
      }
    }
  },
  "unordered": { root, test in
    try await root.withPool(size: 2) { pool in
      var seen: [Int: Int] = [:]
      for try await outcome in pool.stream(over: 100..<3_100, using: Square()).outcomes {
        test.expect(seen[outcome.index] == nil, "\(outcome.index) twice")
        seen[outcome.index] = try outcome.output
      }
      test.equal(seen.count, 3_000)
      test.expect(seen.allSatisfy { $1 == ($0 + 100) * ($0 + 100) })
    }
  },
  "largeAndEmptyItems": { root, test in
    try await root.withPool(size: 2) { pool in
      let inputs = (0..<24).map { [UInt8](repeating: UInt8($0), count: $0 % 3 << 20) }
      test.same(try await pool.map(over: inputs, using: Reversed()), inputs)
      let mixed = (0..<2_000).map { [UInt8](repeating: 7, count: $0 == 1_500 ? 9 << 20 : 3) }
      test.same(try await pool.map(over: mixed, using: Reversed()), mixed)
      let texts = (0..<3_000).map { "text \($0)" }
      test.same(try await pool.map(over: texts, using: Shout()), texts.map { $0.uppercased() })
    }
  },
  "unevenItems": { root, test in
    // Items that wait behind a long one are given back for others.
    try await root.withPool(size: 2) { pool in
      let pauses = (0..<400).map { $0 % 100 == 50 ? 30_000 : 10 }
      let done = try await pool.map(over: pauses.indices.map { $0 }, using: Uneven(pauses: pauses))
      test.same(done, Array(pauses.indices))
    }
  },
  "manyCallsAtOnce": { root, test in
    let sum = try await root.withPool(size: 2) { pool in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<500 {
          group.addTask { try await pool.call(number, using: Square()) }
        }
        return try await group.reduce(0, +)
      }
    }
    test.equal(sum, (0..<500).reduce(0) { $0 + $1 * $1 })
  },
  "nestedPools": { root, test in
    let count = try await root.withPool(size: 2) { pool in
      try await pool.map(over: 0..<2) { _ in Nested(depth: 2) }.reduce(0, +)
    }
    test.equal(count, 8)
  },
  "resize": { root, test in
    try await root.withPool(size: 1) { pool in
      let results = Task {
        try await pool.map(over: 0..<600, using: Busy(microseconds: 1_000))
      }
      for size in [3, 1, 4, 2, 1, 3] {
        try await Task.sleep(for: .milliseconds(25))
        try pool.resize(to: size)
        test.equal(pool.size, size)
      }
      test.same(try await results.value, Array(0..<600))
      test.expect(pool.progress.workersStarted >= 3, "\(pool.progress)")
      test.equal(pool.progress.failed, 0)
      _ = await test.thrown(PoolError.self) { try pool.resize(to: 0) }
    }
  },
  "progress": { root, test in
    let events = try await root.events
    try await root.withPool(size: 2) { pool in
      _ = try await pool.map(over: 0..<400, using: Busy(microseconds: 1_000))
      let progress = pool.progress
      test.equal(progress.submitted, 400)
      test.equal(progress.completed, 400)
      test.equal(progress.running, 0)
      test.equal(progress.workers, 2)
    }
    for await event in events {
      guard case .reported(let report) = event.kind else { continue }
      test.expect(report.message.hasPrefix("pool: ") && report.completed != nil, report.message)
      break
    }
  },
]

/// Takes the times of a list.
struct Uneven: Transform {
  var pauses: [Int]
  func callAsFunction(_ index: Int) -> Int {
    usleep(UInt32(pauses[index]))
    return index
  }
}

/// Counts up asynchronously, and may break.
struct Counting: AsyncSequence, Sendable {
  struct Broken: Error {
    var number: Int
  }

  var end: Int
  var breaksAt: Int?

  struct AsyncIterator: AsyncIteratorProtocol {
    let counting: Counting
    var next = 0

    mutating func next() async throws -> Int? {
      await Task.yield()
      if next == counting.breaksAt { throw Broken(number: next) }
      guard next < counting.end else { return nil }
      defer { next += 1 }
      return next
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(counting: self) }
}
