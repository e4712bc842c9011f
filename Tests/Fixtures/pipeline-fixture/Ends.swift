import Glibc
import Pipelines
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTesting

let endScenarios: [String: Scenario] = [
  // `cancelledAtAnyMoment SEED ROUNDS`
  "cancelledAtAnyMoment": { root, test in
    var random = SeededGenerator(seed: UInt64(argument(1, default: 1)))
    for round in 0..<argument(2, default: 12) {
      let before = await ResourceAudit.atRest()
      let pipeline = Pipeline(Dawdle(longest: 100), workers: 2)
        .then(Repeat(), workers: 2)
        .then(Witness(), workers: 2, distribution: .partitioned(by: LastDigit()))
      let delay = Duration.microseconds(random.int(0...(random.bool() ? 8_000 : 150_000)))
      do {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
          tasks.addTask { _ = try await root.run(over: 0..<1_000_000_000, using: pipeline) }
          try await Task.sleep(for: delay)
          tasks.cancelAll()
          try await tasks.waitForAll()
        }
        test.expect(false, "a cancelled run returned, round \(round), seed \(random.seed)")
      } catch {
        test.expect(error is CancellationError, "\(error), round \(round), seed \(random.seed)")
      }
      test.equal(root.children.map(\.name), [])
      await test.nothingLeft(since: before, "round \(round), seed \(random.seed):")
    }
  },
  "abandonedStreams": { root, test in
    for count in [1, 10, 500] {
      let before = await ResourceAudit.atRest()
      var taken = 0
      for try await _ in root.stream(
        over: 0..<1_000_000_000, using: Pipeline(Double(), workers: 2).then(Witness()))
      {
        taken += 1
        if taken == count { break }
      }
      await gone(root, test)
      await test.nothingLeft(since: before, "after \(count):")
    }
  },
  "cancelledStream": { root, test in
    let error = await test.thrown(CancellationError.self) {
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
          let endless = AsyncStream<Int> { _ in }
          for try await _ in root.stream(over: endless, using: Pipeline(Double(), workers: 2)) {}
          try Task.checkCancellation()
        }
        try await Task.sleep(for: .milliseconds(60))
        tasks.cancelAll()
        try await tasks.waitForAll()
      }
    }
    test.expect(error != nil)
    test.equal(root.children.map(\.name), [])
  },
  "unusedStream": { root, test in
    _ = root.stream(over: [1], using: Pipeline(Double()))
    test.equal(root.children.count, 0)
  },
]
