import Glibc
import Pipelines
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTestSettings

let workScenarios: [String: Scenario] = [
  "wordCount": { root, test in
    let lines = makeLines(6_000, words: 3_000)
    let words = Pipeline(Tokenize(), workers: 3)
      .then(Count(), workers: 2, distribution: .partitioned(by: \.word))
      .then(Merge())
    test.equal(try await root.run(over: lines, using: words), [wordCount(of: lines)])
  },
  "emptyInput": { root, test in
    let words = Pipeline(Tokenize(), workers: 2)
      .then(Count(), workers: 2, distribution: .partitioned(by: \.word))
      .then(Merge())
    test.equal(try await root.run(over: [], using: words), [[:]])
    test.equal(try await root.run(over: [], using: Pipeline(Double(), workers: 3)), [])
  },
  "oneItem": { root, test in
    let stages = Pipeline(Double(), workers: 3).then(Repeat(), workers: 2).then(Sum())
    test.equal(try await root.run(over: [23], using: stages), [[6, 6 * 46]])
    let nothing = try await root.run(over: [5], using: stages)
    test.equal(nothing, [[0, 0]])
  },
  "manySmallRuns": { root, test in
    for round in 0..<10 {
      let outputs = try await root.run(
        over: 0..<round, using: Pipeline(Double(), workers: 2).inOrder())
      test.equal(outputs, (0..<round).map { $0 * 2 })
    }
  },
  "hugeAndEmptyItems": { root, test in
    let sizes = [8 << 20, 0, 1, 8 << 20, 0, 100_000, 8 << 20]
    let items = sizes.map { [UInt8](repeating: 7, count: $0) }
    let pipeline = Pipeline(Copy(), workers: 2).then(Copy()).then(Length(), workers: 2).inOrder()
    test.equal(try await root.run(over: items, using: pipeline), sizes)
  },
  "asyncStage": { root, test in
    let pipeline = Pipeline(Double()).then(Fetch(), workers: 4).inOrder()
    test.equal(try await root.run(over: 0..<300, using: pipeline), (0..<300).map { $0 * 2 + 1 })
  },
  // The next input comes only when the output of the one before has been seen: it hangs if an
  // input waits for company.
  "nothingWaitsForCompany": { root, test in
    let (inputs, source) = AsyncStream.makeStream(of: Int.self)
    source.yield(0)
    let pipeline = Pipeline(Double(), workers: 2).then(Double(), workers: 2)
    var expected = 0
    for try await output in root.stream(over: inputs, using: pipeline) {
      test.equal(output, expected * 4)
      expected += 1
      if expected < 200 { source.yield(expected) } else { source.finish() }
    }
    test.equal(expected, 200)
  },
  "asyncInput": { root, test in
    let inputs = AsyncStream<Int> { source in
      for number in 0..<50_000 { source.yield(number) }
      source.finish()
    }
    let sums = try await root.run(over: inputs, using: Pipeline(Double(), workers: 2).then(Sum()))
    test.equal(sums, [[50_000, 50_000 * 49_999]])
  },
  "infiniteInput": { root, test in
    let taken = Counter()
    let inputs = sequence(first: 0) { number in
      taken.add()
      return number + 1
    }
    let monitor = PipelineMonitor()
    var outputs: [Int] = []
    let pipeline = Pipeline(Double(), workers: 2).then(Double(), workers: 2).inOrder()
    for try await output in root.stream(over: Shared(inputs), using: pipeline, monitor: monitor) {
      outputs.append(output)
      if outputs.count == 1_000 { break }
    }
    test.equal(outputs, (0..<1_000).map { $0 * 4 })
    // Nobody reads: a bounded number more is taken, whatever the time.
    await gone(root, test)
    test.expect(try await comesToRest { taken.count })
    test.expect(taken.count < mostTaken, "\(taken.count) inputs were taken")
  },
  "slowReader": { root, test in
    let taken = Counter()
    let inputs = sequence(first: 0) { number in
      taken.add()
      return number + 1
    }
    var outputs = root.stream(over: Shared(inputs), using: Pipeline(Double(), workers: 2).inOrder())
      .makeAsyncIterator()
    for number in 0..<10 { test.equal(try await outputs.next(), number * 2) }
    test.expect(try await comesToRest { taken.count })
    test.expect(taken.count < mostTaken, "\(taken.count) inputs were taken")
    for number in 10..<20_000 { test.equal(try await outputs.next(), number * 2) }
  },
  "reports": { root, test in
    let monitor = PipelineMonitor()
    test.equal(monitor.report.inputsTaken, 0)
    async let reports = collect(monitor.updates)
    let pipeline = Pipeline(Dawdle(longest: 300), workers: 2).then(Repeat()).then(Sum())
    let sums = try await root.run(over: 0..<1_500, using: pipeline, monitor: monitor)
    test.equal(sums.first?.first, 150 * 45)
    let report = monitor.report
    test.expect(report.isFinished && report.quarantined.isEmpty, "\(report)")
    test.equal([report.inputsTaken, report.inputsDone, report.outputs], [1_500, 1_500, 1])
    test.equal(report.stages.map(\.taken), [1_500, 1_500, 6_750])
    test.equal(report.stages.map(\.emitted), [1_500, 6_750, 1])
    test.equal(report.stages.map(\.queued), [0, 0, 0])
    test.equal(report.stages.map(\.inFlight), [0, 0, 0])
    test.equal(report.stages.map(\.workers), [2, 1, 1])
    test.equal(report.stages.map(\.name), ["Dawdle", "Repeat", "Sum"])
    test.expect(report.stages[0].busyTime > .milliseconds(50), "\(report.stages[0])")
    test.expect(report.stages[2].waitTime > .milliseconds(10), "\(report.stages[2])")
    let all = await reports
    test.expect(all.count > 1 && all.last?.isFinished == true, "\(all.count) reports")
    test.expect(zip(all, all.dropFirst()).allSatisfy { $0.inputsDone <= $1.inputsDone })
  },
]

/// More inputs than credit and buffers hold between a source and a reader who waits.
private let mostTaken = 1_000_000

private func collect(_ updates: AsyncStream<PipelineReport>) async -> [PipelineReport] {
  var all: [PipelineReport] = []
  for await report in updates { all.append(report) }
  return all
}

/// Lines of words, some of them empty; the same at each call.
func makeLines(_ count: Int, words: Int) -> [String] {
  var random = SeededGenerator(seed: 7)
  return (0..<count).map { _ in
    (0..<random.int(0...12)).map { _ in "word\(random.int(0...words))" }.joined(separator: " ")
  }
}

func wordCount(of lines: [String]) -> [String: Int] {
  var counts: [String: Int] = [:]
  for line in lines {
    for word in line.split(separator: " ") { counts[String(word), default: 0] += 1 }
  }
  return counts
}
