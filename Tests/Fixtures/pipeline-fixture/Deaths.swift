import Glibc
import Pipelines
import ProcessTreeScenarios
import Synchronization

let deathScenarios: [String: Scenario] = [
  // `killedWorkers SEED KILLS`: totals are exact whichever workers are killed, as long as their
  // stages are stateless.
  "killedWorkers": { root, test in
    let seed = argument(1, default: 1)
    let kills = argument(2, default: 9)
    let numbers = 0..<(kills * 300)
    let pipeline = Pipeline(Dawdle(longest: 400), workers: 3)
      .then(Repeat(), workers: 2)
      .then(Double(), workers: 2, distribution: .partitioned(by: LastDigit()))
      .then(Sum())
    let monitor = PipelineMonitor()
    let (sums, killed) = try await killing(
      ["Dawdle", "Repeat", "Double"], in: root, atMost: kills / 3, pause: 1...60, seed: seed
    ) {
      try await root.run(over: numbers, using: pipeline, monitor: monitor)
    }
    let expected = numbers.flatMap { Array(repeating: $0, count: $0 % 10) }
    test.equal(sums, [[expected.count, expected.reduce(0, +) * 2]])
    let report = monitor.report
    test.equal(report.inputsDone, numbers.count)
    test.expect(report.quarantined.isEmpty, "\(report.quarantined)")
    let restarts = report.stages.map(\.restarts).reduce(0, +)
    test.expect(restarts > 0 && restarts <= killed, "\(restarts) restarts of \(killed) kills")
  },
  "killedWorkersKeepOrder": { root, test in
    let pipeline = Pipeline(Dawdle(longest: 500), workers: 3).then(Double(), workers: 2).inOrder()
    let (outputs, killed) = try await killing(
      ["Dawdle", "Double"], in: root, atMost: 4, pause: 1...50,
      seed: argument(1, default: 1)
    ) {
      try await root.run(over: 0..<2_500, using: pipeline)
    }
    test.equal(outputs, (0..<2_500).map { $0 * 2 })
    test.expect(killed > 0)
  },
  // A worker with state gets each envelope once, also one of several.
  "killedWorkersBeforeSeveralWithState": { root, test in
    let numbers = 0..<6_000
    let pipeline = Pipeline(Dawdle(longest: 300), workers: 3).then(Sum(), workers: 4)
    let (sums, killed) = try await killing(
      ["Dawdle"], in: root, atMost: 30, pause: 1...30, seed: argument(1, default: 1)
    ) {
      try await root.run(over: numbers, using: pipeline)
    }
    test.equal(sums.map { $0[0] }.reduce(0, +), numbers.count)
    test.equal(sums.map { $0[1] }.reduce(0, +), numbers.reduce(0, +))
    test.equal(sums.count, 4)
    test.expect(killed > 3, "\(killed) killed")
  },
  "killedWorkerWithState": { root, test in
    let pipeline = Pipeline(Dawdle(longest: 100), workers: 2).then(Sum())
    let failure = await test.thrown(PipelineFailure.self) {
      _ = try await killing(["Sum"], in: root, atMost: 1, pause: 50...100, seed: 1) {
        try await root.run(over: 0..<1_000_000_000, using: pipeline)
      }
    }
    test.equal(failure?.stage, 1)
    test.equal(failure?.stageName, "Sum")
    test.equal(failure?.worker, "Sum-1")
    guard failure?.code == .workerDied, let report = failure?.deaths.first else {
      return test.expect(false)
    }
    test.equal(report.cause, .killed(signal: SIGKILL))
    test.equal(root.children.count, 0)
  },
  "deadlyItems": { root, test in
    let deadly: Set<Int> = [0, 77, 78, 2_500]
    let pipeline = Pipeline(Double()).then(DieAt(numbers: Set(deadly.map { $0 * 2 })), workers: 2)
      .inOrder()
    let monitor = PipelineMonitor()
    let given = Mutex<[QuarantinedInput]>([])
    let outputs = try await root.run(over: 0..<3_000, using: pipeline, monitor: monitor) { input in
      given.withLock { $0.append(input) }
    }
    test.equal(outputs, (0..<3_000).filter { !deadly.contains($0) }.map { $0 * 2 })
    let report = monitor.report
    test.equal(given.withLock { $0 }, report.quarantined)
    test.equal(report.inputsDone, 3_000)
    test.equal(Set(report.quarantined.map(\.input)), Set(deadly.map(Optional.some)))
    for given in report.quarantined {
      test.equal(given.stage, 1)
      test.equal(given.stageName, "DieAt")
      test.equal(given.deaths.map(\.cause), Array(repeating: .killed(signal: SIGKILL), count: 3))
    }
    test.expect(report.stages[1].restarts >= 12, "\(report.stages[1].restarts) restarts")
  },
  // Nobody asked for inputs that are given up: the first of them ends the run.
  "deadlyItemEndsTheRun": { root, test in
    for stage in ["ExitsAt", "ExitsAtAsStage"] {
      let pipeline =
        stage == "ExitsAt"
        ? Pipeline(ExitsAt(number: 5), workers: 2) : Pipeline(ExitsAtAsStage(number: 5), workers: 2)
      let monitor = PipelineMonitor()
      expectQuarantine(
        of: 5, by: stage, .exitedWithoutResult(code: 3), test,
        await test.thrown(PipelineFailure.self) {
          _ = try await root.run(over: 0..<10, using: pipeline.inOrder(), monitor: monitor)
        })
      test.equal(monitor.report.quarantined.map(\.input), [5])
      var outputs: [Int] = []
      expectQuarantine(
        of: 5, by: stage, .exitedWithoutResult(code: 3), test,
        await test.thrown(PipelineFailure.self) {
          for try await output in root.stream(over: 0..<10, using: pipeline.inOrder()) {
            outputs.append(output)
          }
        })
      test.expect(outputs.count <= 5 && outputs == Array(0..<outputs.count), "\(outputs)")
    }
    test.equal(root.children.count, 0)
  },
  // Each item has as many attempts as were asked for: with one, its first death quarantines it.
  "attemptsAreThoseAskedFor": { root, test in
    for attempts in 1...2 {
      let given = Mutex<[QuarantinedInput]>([])
      let pipeline = Pipeline(Double()).then(ExitsAt(number: 10), workers: 2, attempts: attempts)
      let outputs = try await root.run(over: 0..<20, using: pipeline.inOrder()) { input in
        given.withLock { $0.append(input) }
      }
      test.equal(outputs, (0..<20).filter { $0 != 5 }.map { $0 * 2 })
      let deaths = given.withLock { $0.map { $0.deaths.map(\.cause) } }
      test.equal(
        deaths, [Array(repeating: .exitedWithoutResult(code: 3), count: attempts)])
    }
  },
  "streamsGoOnWithoutDeadlyItems": { root, test in
    let given = Mutex<[Int?]>([])
    let inputs = AsyncStream<Int> { source in
      for number in 0..<200 { source.yield(number) }
      source.finish()
    }
    let pipeline = Pipeline(Double()).then(ExitsAt(number: 10), workers: 2).inOrder()
    var outputs: [Int] = []
    for try await output in root.stream(
      over: inputs, using: pipeline,
      onQuarantine: { input in given.withLock { $0.append(input.input) } })
    {
      outputs.append(output)
    }
    test.equal(outputs, (0..<200).filter { $0 != 5 }.map { $0 * 2 })
    test.equal(given.withLock { $0 }, [5])
  },
  "whoTakesDeadlyItemsMayEndTheRun": { root, test in
    let error = await test.thrown(BadNumber.self) {
      _ = try await root.run(
        over: 0..<1_000_000_000, using: Pipeline(ExitsAt(number: 7), workers: 2)
      ) {
        throw BadNumber(number: $0.input ?? -1)
      }
    }
    test.equal(error, BadNumber(number: 7))
    test.equal(root.children.count, 0)
  },
  // A branch whose workers all die at their start, beside one that delivers.
  "stillbornBesideOthers": { root, test in
    let pipeline = Pipeline(Double()).broadcast(to: Pipeline(Double()), Pipeline(Stillborn()))
    let monitor = PipelineMonitor()
    let failure = await test.thrown(PipelineFailure.self) {
      _ = try await root.run(over: 0..<1_000_000_000, using: pipeline.merged(), monitor: monitor)
    }
    test.equal(failure?.stageName, "Stillborn")
    test.equal(monitor.report.stages.map(\.restarts), [0, 0, 10])
  },
  "stillborn": { root, test in
    let failure = await test.thrown(PipelineFailure.self) {
      _ = try await root.run(over: 0..<100, using: Pipeline(Double()).then(Stillborn()))
    }
    test.equal(failure?.stageName, "Stillborn")
    guard failure?.code == .workerDied, let report = failure?.deaths.first else {
      return test.expect(false)
    }
    test.equal(report.cause, .exitedWithoutResult(code: 3))
    let chain = failure?.message ?? ""
    test.expect(
      chain.contains(" 10 times in ") && chain.hasSuffix("; stage Stillborn gave up"), chain)
  },
]

/// Expects that a run ended because of an input that had ended three workers.
private func expectQuarantine(
  of input: Int, by stage: String, _ cause: ExitCause, _ test: Expectations,
  _ failure: PipelineFailure?
) {
  test.equal(failure?.stage, 0)
  test.equal(failure?.stageName, stage)
  test.equal(failure?.input, input)
  test.expect(failure?.worker.hasPrefix(stage) ?? false)
  guard failure?.code == .killedWorkers, let deaths = failure?.deaths else {
    return test.expect(false, "\(String(describing: failure))")
  }
  test.equal(deaths.map(\.cause), [cause, cause, cause])
}
