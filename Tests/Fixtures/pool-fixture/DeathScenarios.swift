import Glibc
import Pools
import ProcessTreeScenarios
import ProcessTreeTestSettings

let deathScenarios: [String: Scenario] = [
  "deathMatrix": { root, test in
    for way in Way.allCases {
      try await root.withPool(size: 2) { pool in
        var done: Set<Int> = []
        var failures: [PoolFailure] = []
        let numbers = pool.stream(over: 0..<100) { Deadly(number: $0, deadly: 57, way: way) }
          .outcomes
        for try await outcome in numbers {
          switch outcome.result {
          case .success(let number): done.insert(number)
          case .failure(let failure): failures.append(failure)
          }
        }
        test.equal(done.count, 99)
        test.equal(failures.map(\.index), [57])
        guard failures.first?.code == .killedWorkers, let reports = failures.first?.deaths else {
          return test.expect(false, "\(way): \(failures)")
        }
        test.equal(reports.count, 3)
        for report in reports { test.expect(explains(report, way), "\(way): \(report)") }
        test.equal(pool.progress.quarantined, 1)
      }
    }
  },
  "crashInCoding": { root, test in
    let options = PoolOptions(attempts: 1)
    try await root.withPool(size: 2, options: options) { pool in
      let failure = await test.thrown(PoolFailure.self) {
        _ = try await pool.call(Fragile(3, .crashInDecode), using: Echo())
      }
      guard failure?.code == .killedWorkers, let reports = failure?.deaths else {
        return test.expect(false, "\(failure as Any)")
      }
      test.equal(reports.map(\.cause), [.crashed(signal: SIGSEGV)])
      let result = await test.thrown(PoolFailure.self) {
        _ = try await pool.map(over: 0..<10, using: Break(every: 7, fault: .crashInEncode))
      }
      test.expect([0, 7].contains(result?.index), "\(result as Any)")
      test.equal(try await pool.call(Fragile(4), using: Echo()), Fragile(4))
    }
  },
  "blameAmongMany": { root, test in
    // Three deadly items among thousands that travel in large batches.
    try await root.withPool(size: 2) { pool in
      let deadly: Set = [100, 7_000, 19_999]
      var done = 0
      var failed: Set<Int> = []
      let work = DeadlyTransform(deadly: deadly)
      for try await outcome in pool.stream(over: 0..<20_000, using: work).outcomes {
        switch outcome.result {
        case .success: done += 1
        case .failure(let failure):
          test.expect("\(failure)".contains("SIGKILL"), "\(failure)")
          failed.insert(failure.index)
        }
      }
      test.equal(failed, deadly)
      test.equal(done, 20_000 - deadly.count)
    }
  },
  "mapFailsByDeath": { root, test in
    try await root.withPool(size: 2) { pool in
      let failure = await test.thrown(PoolFailure.self) {
        _ = try await pool.map(over: 0..<100, using: DeadlyTransform(deadly: [42]))
      }
      test.equal(failure?.index, 42)
      test.same(try await pool.map(over: 0..<100, using: Square()), (0..<100).map { $0 * $0 })
    }
  },
  "deadline": { root, test in
    try await root.withPool(size: 2) { pool in
      let options = CallOptions(deadline: .milliseconds(150))
      let seconds: [UInt32] = [0, 0, 60, 0, 60, 0]
      var failed: [Int] = []
      let start = ContinuousClock.now
      let pauses = pool.stream(over: seconds, options: options) { Pause(seconds: $0) }
      for try await outcome in pauses.outcomes {
        guard case .failure(let failure) = outcome.result else { continue }
        failed.append(failure.index)
        guard failure.code == .deadlinePassed, let report = failure.deaths.first else {
          return test.expect(false, "\(failure)")
        }
        test.expect(failure.message.contains("\(Duration.milliseconds(150))"), failure.message)
        test.equal(report.status, .signaled(SIGKILL, coreDumped: false))
        test.expect("\(failure)".contains("deadline"), "\(failure)")
      }
      test.equal(Set(failed), [2, 4])
      test.expect(start.duration(to: .now) < .patience, "\(start.duration(to: .now))")
      test.equal(try await pool.run(SquareProgram(number: 3), options: options), 9)
    }
  },
  "hungWorkers": { root, test in
    let liveness = Liveness(lease: .milliseconds(200).scaled, limit: .milliseconds(600).scaled)
    try await root.withPool(size: 2, options: PoolOptions(attempts: 2, liveness: liveness)) {
      pool in
      // Inputs that take less than the limit each, and together more, hang nobody.
      test.same(
        try await pool.map(over: 0..<12, using: Busy(microseconds: 200_000)), Array(0..<12))
      test.equal(pool.progress.workersStarted, 2)
      func expectOneHung(_ results: PoolOutcomes<Int>) async throws {
        var done: Set<Int> = []
        var failures: [PoolFailure] = []
        for try await outcome in results {
          switch outcome.result {
          case .success(let number): done.insert(number)
          case .failure(let failure): failures.append(failure)
          }
        }
        test.equal(done.count, 99)
        test.equal(failures.map(\.index), [57])
        test.equal(failures.first?.deaths.count, 2)
        for report in failures.first?.deaths ?? [] {
          if case .unresponsive = report.cause { continue }
          test.expect(false, "\(report)")
        }
      }
      try await expectOneHung(pool.stream(over: 0..<100, using: Hanging(at: 57)).outcomes)
      try await expectOneHung(pool.stream(over: 0..<100, using: HangingStage(at: 57)).outcomes)
      // One that somebody stops.
      let results = Task { try await pool.map(over: 0..<400, using: Busy(microseconds: 2_000)) }
      try await Task.sleep(for: .milliseconds(50))
      for pid in pool.workerPIDs.prefix(1) { kill(pid, SIGSTOP) }
      test.same(try await results.value, Array(0..<400))
    }
  },
  "signalsFromOutside": { root, test in
    // Workers that others end: nothing is lost.
    let options = PoolOptions(attempts: 100)
    try await root.withPool(size: 2, options: options) { pool in
      let results = Task { try await pool.map(over: 0..<400, using: Busy(microseconds: 1_000)) }
      for signal in [SIGTERM, SIGKILL, SIGINT, SIGHUP, SIGKILL, SIGTERM] {
        try await Task.sleep(for: .milliseconds(25))
        for pid in pool.workerPIDs.prefix(1) { kill(pid, signal) }
      }
      test.same(try await results.value, Array(0..<400))
      test.expect(pool.progress.workersStarted > 2, "\(pool.progress)")
    }
  },
  "recycling": { root, test in
    var options = PoolOptions(recycleAfter: 1)
    try await root.withPool(size: 2, options: options) { pool in
      let pids = try await pool.map(over: 0..<20, using: WorkerPID())
      test.equal(Set(pids).count, 20)
    }
    options.recycleAfter = 30
    try await root.withPool(size: 2, options: options) { pool in
      let pids = try await pool.map(over: 0..<600, using: WorkerPID())
      let uses = Dictionary(grouping: pids, by: \.self).mapValues(\.count)
      test.expect(uses.values.allSatisfy { $0 <= 30 }, "\(uses)")
    }
    options = PoolOptions(maximumAge: .milliseconds(40))
    try await root.withPool(size: 2, options: options) { pool in
      test.same(
        try await pool.map(over: 0..<200, using: Busy(microseconds: 1_000)), Array(0..<200))
      test.expect(pool.progress.workersStarted > 2, "\(pool.progress)")
    }
    options = PoolOptions(memoryLimit: 60 << 20)
    try await root.withPool(size: 2, options: options) { pool in
      let pids = try await pool.map(over: 0..<200, using: Leaking())
      test.equal(pids.count, 200)
      test.expect(Set(pids).count > 2, "\(Set(pids).count) workers")
    }
  },
]

/// Never comes to an end with one input.
struct Hanging: Transform {
  var at: Int

  func callAsFunction(_ number: Int) -> Int {
    while number == at { sleep(1) }
    return number
  }
}

/// The same as a step that could suspend, and does not.
struct HangingStage: AsyncStage {
  var at: Int

  func process(_ number: Int, emit: (Int) throws -> Void) async throws {
    try emit(Hanging(at: at)(number))
  }
}

/// Blocks for some seconds.
struct Pause: NodeProgram {
  var seconds: UInt32
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws { sleep(seconds) }
}

private func explains(_ report: ExitReport, _ way: Way) -> Bool {
  switch way {
  case .trap: report.cause == .crashed(signal: SIGILL) || report.cause == .crashed(signal: SIGTRAP)
  case .exit42: report.cause == .exited(code: 42) && "\(report)".contains("42")
  case .exit0: report.cause == .exited(code: 0)
  case .exitBehind: report.cause == .exitedWithoutResult(code: 42)
  case .sigkill: report.cause == .killed(signal: SIGKILL) && "\(report)".contains("SIGKILL")
  case .sigterm: "\(report)".contains("SIGTERM")
  case .segfault: report.cause == .crashed(signal: SIGSEGV)
  case .abort: report.cause == .crashed(signal: SIGABRT)
  }
}
