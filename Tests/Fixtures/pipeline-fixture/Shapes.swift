import Glibc
import Pipelines
import ProcessTreeScenarios

let shapeScenarios: [String: Scenario] = [
  "orderRestored": { root, test in
    let pipeline = Pipeline(Dawdle(longest: 2_000), workers: 3)
      .then(Repeat(), workers: 2)
      .then(Dawdle(longest: 200), workers: 3)
      .inOrder()
    let outputs = try await root.run(over: 0..<1_200, using: pipeline)
    test.equal(outputs, (0..<1_200).flatMap { Array(repeating: $0, count: $0 % 10) })
  },
  "orderForOneWorker": { root, test in
    let pipeline = Pipeline(Dawdle(longest: 2_000), workers: 4).then(Witness(), ordered: true)
    let seen = try await root.run(over: 0..<2_000, using: pipeline)
    test.equal(seen.map(\.number), Array(0..<2_000))
    test.equal(seen.map(\.place), Array(0..<2_000))
  },
  "partitioned": { root, test in
    let pipeline = Pipeline(Dawdle(longest: 500), workers: 2)
      .then(Witness(), workers: 3, distribution: .partitioned(by: LastDigit()), ordered: true)
    let seen = try await root.run(over: 0..<2_000, using: pipeline)
    test.equal(seen.map(\.number).sorted(), Array(0..<2_000))
    for (digit, group) in Dictionary(grouping: seen, by: { $0.number % 10 }) {
      test.equal(Set(group.map(\.worker)).count, 1)
      let inWorkersOrder = group.sorted { $0.place < $1.place }.map(\.number)
      test.equal(inWorkersOrder, (0..<200).map { $0 * 10 + digit })
    }
    test.expect(Set(seen.map(\.worker)).count > 1, "all keys went to one worker")
  },
  "partitionedByTheFirstStage": { root, test in
    let pipeline = Pipeline(Count(), workers: 3, distribution: .partitioned(by: \.word))
    let words = (0..<3_000).map { Word(word: "w\($0 % 50)", count: $0) }
    let counts = try await root.run(over: words, using: pipeline)
    test.equal(counts.map(\.word).sorted(), (0..<50).map { "w\($0)" }.sorted())
    test.equal(counts.map(\.count).reduce(0, +), 3_000 * 2_999 / 2)
  },
  "everyWorkerGetsAll": { root, test in
    let pipeline = Pipeline(Double(), workers: 2)
      .then(Sum(), workers: 3, distribution: .broadcast)
    let sums = try await root.run(over: 0..<4_000, using: pipeline)
    test.equal(sums, Array(repeating: [4_000, 4_000 * 3_999], count: 3))
    let copies = Pipeline(Witness(), workers: 2, distribution: .broadcast)
    let seen = try await root.run(over: 0..<500, using: copies.inOrder())
    test.equal(seen.count, 1_000)
    for group in Dictionary(grouping: seen, by: \.worker).values {
      test.equal(group.map(\.number), Array(0..<500))
    }
  },
  "branches": { root, test in
    let pipeline = Pipeline(Double(), workers: 2)
      .broadcast(
        to: Pipeline(Dawdle(longest: 100), workers: 2),
        Pipeline(Repeat()).then(Double(), workers: 2), Pipeline(ThrowAt(number: -1))
      )
      .merged()
      .then(Sum())
    let expected = (0..<1_000).flatMap { number -> [Int] in
      let twice = number * 2
      return [twice, twice] + Array(repeating: twice * 2, count: twice % 10)
    }
    test.equal(
      try await root.run(over: 0..<1_000, using: pipeline),
      [[expected.count, expected.reduce(0, +)]])
  },
  "branchesInOrder": { root, test in
    let pipeline = Pipeline(Dawdle(longest: 200), workers: 2)
      .broadcast(
        to: Pipeline(Dawdle(longest: 700), workers: 3),
        Pipeline(Double()).broadcast(to: Pipeline(Repeat()), Pipeline(Double())).merged()
      )
      .merged(ordered: true)
    let numbers = (0..<1_000).map { $0 }
    let outputs = try await root.run(over: numbers, using: pipeline)
    // Within an envelope a branch's outputs stand together.
    test.equal(outputs.filter { $0 % 2 == 1 }, numbers.filter { $0 % 2 == 1 })
    let expected = numbers.flatMap { number in
      [number, number * 4] + Array(repeating: number * 2, count: number * 2 % 10)
    }
    test.equal(outputs.sorted(), expected.sorted())
  },
  "endsPassThrough": { root, test in
    // What counters emit at their end is counted again, divided, and counted.
    let pipeline = Pipeline(Tokenize(), workers: 2)
      .then(Count(), workers: 3)
      .then(Count(), workers: 2, distribution: .partitioned(by: \.word))
      .broadcast(to: Pipeline(Merge()), Pipeline(Count(), workers: 2).then(Merge()))
      .merged(ordered: true)
    let lines = makeLines(600, words: 1_500)
    let expected = wordCount(of: lines)
    test.equal(try await root.run(over: lines, using: pipeline), [expected, expected])
  },
  "deepPipeline": { root, test in
    var pipeline = Pipeline(Double(), workers: 2)
    for _ in 0..<7 { pipeline = pipeline.then(Double()) }
    test.equal(
      try await root.run(over: 0..<5_000, using: pipeline.inOrder()), (0..<5_000).map { $0 * 256 })
  },
  "invalidPipelines": { root, test in
    let double = Pipeline(Double())
    let none = await test.thrown(PipelineError.self) {
      _ = try await root.run(over: [1], using: double.then(Double(), workers: 0))
    }
    test.equal(none?.stage, 1)
    test.equal(none?.code, .invalidSize)
    let unordered = await test.thrown(PipelineError.self) {
      _ = try await root.run(over: [1], using: double.inOrder().then(Double(), workers: 2))
    }
    test.equal(unordered?.stage, 1)
    test.equal(unordered?.code, .orderNotPossible)
    let computed = await test.thrown(PipelineError.self) {
      let key = \Word.word.count
      _ = try await root.run(
        over: ["a"],
        using: Pipeline(Tokenize()).then(Count(), workers: 2, distribution: .partitioned(by: key)))
    }
    test.equal(computed?.stageName, "Count")
    test.equal(computed?.code, .keyNotUsable)
    let early = await test.thrown(PipelineError.self) {
      let fork = double.inOrder().broadcast(to: Pipeline(Double())).merged()
      _ = try await root.run(over: [1], using: fork)
    }
    test.equal(early?.code, .orderNotPossible)
    let hidden = await test.thrown(ProcessTreeError.self) {
      _ = try await root.run(over: [1], using: Pipeline(Hidden()))
    }
    test.equal(hidden?.code, .programNotFindable)
    test.equal(root.children.count, 0)
  },
]

private struct Hidden: Transform {
  func callAsFunction(_ number: Int) -> Int { number }
}
