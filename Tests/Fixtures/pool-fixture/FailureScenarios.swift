import Glibc
import Pools
import ProcessTreeScenarios
import ProcessTreeTestSettings

let failureScenarios: [String: Scenario] = [
  "badSizes": { root, test in
    for size in [0, -1, Int.min] {
      let error = await test.thrown(PoolError.self) {
        try await root.withPool(size: size) { _ in }
      }
      test.equal(error?.code, .invalidSize)
      test.expect("\(error as Any)".contains("\(size)"), "\(error as Any)")
    }
    let options = PoolOptions(recycleAfter: 0)
    _ = await test.thrown(PoolError.self) {
      try await root.withPool(size: 1, options: options) { _ in }
    }
    try await root.withPool(size: 1) { pool in
      let bad = CallOptions(maximumInFlight: 0)
      _ = await test.thrown(PoolError.self) {
        _ = try await pool.map(over: [1], using: Square(), options: bad)
      }
    }
  },
  "longestWaits": { root, test in
    let longest: [Duration] = [
      .seconds(Int64.max), .seconds(Int64.max) + .seconds(Int64.max), .nanoseconds(Int64.max),
    ]
    for wait in longest {
      try await root.withPool(size: 1) { pool in
        let patient = CallOptions(deadline: wait)
        test.equal(try await pool.map(over: [3], using: Square(), options: patient), [9])
        let retry = RetryPolicy(firstDelay: wait, longestDelay: wait)
        let waiting = Task {
          try await pool.map(
            over: [1], using: Picky(refused: [1]), options: CallOptions(retry: retry))
        }
        while pool.progress.retried == 0 { try await Task.sleep(for: .milliseconds(1)) }
        // Others are served meanwhile, and who waits may be cancelled.
        test.equal(try await pool.map(over: [4], using: Square()), [16])
        waiting.cancel()
        _ = await test.thrown(CancellationError.self) { _ = try await waiting.value }
      }
    }
    try await root.withPool(size: 1) { pool in
      let soon = RetryPolicy(firstDelay: .seconds(-5), longestDelay: .seconds(-5))
      let failure = await test.thrown(PoolFailure.self) {
        _ = try await pool.map(
          over: [1], using: Picky(refused: [1]), options: CallOptions(retry: soon))
      }
      test.equal(failure?.attempts, 3)
    }
  },
  "thrownError": { root, test in
    try await root.withPool(size: 2) { pool in
      let failure = await test.thrown(PoolFailure.self) {
        _ = try await pool.map(over: 0..<50_000, using: Picky(refused: [31_234]))
      }
      test.equal(failure?.index, 31_234)
      guard failure?.code == .thrown, let error = failure?.error else {
        return test.expect(false, "\(failure as Any)")
      }
      test.equal(error.underlying(as: Refused.self), Refused(number: 31_234))
      test.expect(error.typeName.hasSuffix("Refused"), error.typeName)
      test.expect(error.text.contains("31234"), error.text)
      test.equal(error.path.count, 1)
      test.expect(error.origin.hasPrefix("worker-"), error.origin)
      // The pool goes on with its workers, but for one that was long at what nobody waits for.
      let workers = pool.progress.workersStarted
      test.same(try await pool.map(over: 0..<1_000, using: Picky(refused: [])), Array(0..<1_000))
      test.expect(pool.progress.workersStarted <= workers + 1)
    }
  },
  "streamsGoOn": { root, test in
    try await root.withPool(size: 2) { pool in
      let refused: Set = [0, 5, 77, 999]
      var iterator = pool.stream(over: 0..<1_000, using: Picky(refused: refused))
        .makeAsyncIterator()
      var done: [Int] = []
      var failed: [Int] = []
      while true {
        do {
          guard let number = try await iterator.next() else { break }
          done.append(number)
        } catch let failure as PoolFailure {
          failed.append(failure.index)
        }
      }
      test.equal(failed, refused.sorted())
      test.same(done, (0..<1_000).filter { !refused.contains($0) })
      var outcomes: [Int: Bool] = [:]
      for try await outcome in pool.stream(over: 0..<1_000, using: Picky(refused: refused)).outcomes
      {
        test.expect(outcomes[outcome.index] == nil)
        outcomes[outcome.index] = (try? outcome.result.get()) != nil
      }
      test.equal(outcomes.count, 1_000)
      test.equal(Set(outcomes.filter { !$0.value }.keys), refused)
    }
  },
  "unencodable": { root, test in
    try await root.withPool(size: 2) { pool in
      // Each way twenty times in a row, and in the middle of others.
      for fault in [Fragile.Fault.encode, .decode] {
        for number in 0..<20 {
          let failure = await test.thrown(PoolFailure.self) {
            _ = try await pool.call(Fragile(number, fault), using: Echo())
          }
          guard failure?.code == .notCoded, let error = failure?.error else {
            return test.expect(false, "\(failure as Any)")
          }
          test.expect(error.text.contains("Refused"), error.text)
          let result = await test.thrown(PoolFailure.self) {
            _ = try await pool.call(0, using: Break(every: 1, fault: fault))
          }
          guard result?.code == .notCoded else {
            return test.expect(false, "\(result as Any)")
          }
        }
        let inputs = (0..<2_000).map { Fragile($0, $0 % 500 == 250 ? fault : .none) }
        var failed: Set<Int> = []
        var done = 0
        for try await outcome in pool.stream(over: inputs, using: Echo()).outcomes {
          switch outcome.result {
          case .success(let value):
            test.equal(value.number, outcome.index)
            done += 1
          case .failure: failed.insert(outcome.index)
          }
        }
        test.equal(failed, [250, 750, 1_250, 1_750])
        test.equal(done, 1_996)
        var results: Set<Int> = []
        let breaking = Break(every: 500, fault: fault)
        for try await outcome in pool.stream(over: 1...2_000, using: breaking).outcomes {
          if case .failure = outcome.result { results.insert(outcome.index + 1) }
        }
        test.equal(results, [500, 1_000, 1_500, 2_000])
      }
      // Workers were exchanged for those of the other kind; none was lost.
      test.equal(pool.progress.retried, 0)
    }
  },
  "retries": { root, test in
    let path = "/tmp/pool-fixture-\(getpid())"
    defer { unlink(path) }
    try await root.withPool(size: 1) { pool in
      let policy = RetryPolicy(attempts: 4, firstDelay: .milliseconds(2)) {
        $0.typeName.hasSuffix("Refused")
      }
      let options = CallOptions(retry: policy)
      test.equal(try await pool.run(Flaky(path: path, failures: 3), options: options), 3)
      test.equal(pool.progress.retried, 3)
      unlink(path)
      let failure = await test.thrown(PoolFailure.self) {
        _ = try await pool.run(Flaky(path: path, failures: 9), options: options)
      }
      test.equal(failure?.attempts, 4)
      unlink(path)
      let never = CallOptions(retry: RetryPolicy(retries: { _ in false }))
      let once = await test.thrown(PoolFailure.self) {
        _ = try await pool.run(Flaky(path: path, failures: 1), options: never)
      }
      test.equal(once?.attempts, 1)
    }
  },
  "initializer": { root, test in
    try await root.withPool(size: 2, initializer: Preparing(value: 1_000)) { pool in
      test.same(try await pool.map(over: 0..<500, using: Prepared()), Array(1_000..<1_500))
    }
    let start = ContinuousClock.now
    let error = await test.thrown(PoolError.self) {
      try await root.withPool(size: 2, initializer: Preparing(value: 7, fault: .error)) { pool in
        _ = try await pool.map(over: 0..<500, using: Prepared())
      }
    }
    guard error?.code == .initializerFailed, let failure = error?.failure else {
      return test.expect(false, "\(error as Any)")
    }
    test.equal(failure.underlying(as: Refused.self), Refused(number: 7))
    let crashed = await test.thrown(PoolError.self) {
      try await root.withPool(size: 2, initializer: Preparing(value: 7, fault: .crash)) { pool in
        _ = try await pool.map(over: 0..<500, using: Prepared())
      }
    }
    guard crashed?.code == .workersCannotStart, let report = crashed?.report else {
      return test.expect(false, "\(crashed as Any)")
    }
    test.equal(report.cause, .crashed(signal: SIGSEGV))
    test.expect(start.duration(to: .now) < .patience, "\(start.duration(to: .now))")
  },
  "hiddenType": { root, test in
    try await root.withPool(size: 1) { pool in
      let error = await test.thrown(PoolError.self) { _ = try await mapHidden(pool) }
      test.equal(error?.code, .workNotUsable)
    }
  },
]
