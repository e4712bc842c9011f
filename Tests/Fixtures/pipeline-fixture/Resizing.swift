import Glibc
import Pipelines
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting
import Synchronization

let resizingScenarios: [String: Scenario] = [
  "grow": { root, test in
    let numbers = Numbers()
    let monitor = PipelineMonitor()
    var outputs: [Int] = []
    for try await output in root.stream(
      over: numbers, using: Pipeline(Locate(), workers: 1), monitor: monitor)
    {
      outputs.append(output.number)
      if outputs.count == 1 {
        test.equal(working("Locate", in: root), 1)
        try monitor.resize(stage: 0, to: 4)
        test.equal(monitor.report.stages[0].workers, 4)
      }
      // New workers share the input: it goes on until four have been heard of.
      if numbers.heard(of: output.worker) == 4 { numbers.end() }
    }
    test.equal(outputs.sorted(), Array(0..<numbers.count))
    test.equal(monitor.report.stages.map(\.workers), [4])
    test.equal(monitor.report.stages.map(\.restarts), [0])
  },
  "shrink": { root, test in
    let numbers = Numbers()
    let monitor = PipelineMonitor()
    let pipeline = Pipeline(Dawdle(longest: 2_000), workers: 4).then(Double(), workers: 3).inOrder()
    async let outputs = root.run(over: numbers, using: pipeline, monitor: monitor)
    await soon(test) { working("Dawdle", in: root) == 4 && working("Double", in: root) == 3 }
    await soon(test) { monitor.report.stages[0].taken > 200 }
    let taken = monitor.report.stages.map(\.taken)
    try monitor.resize(stage: 0, to: 1)
    try monitor.resize(stage: 1, to: 2)
    await soon(test) { root.children.count == 3 }
    test.equal(
      root.children.map(\.name).sorted(), ["Dawdle-1", "Double-1", "Double-2"])
    // What those did that were stopped stays, and it goes on.
    test.expect(zip(taken, monitor.report.stages).allSatisfy { $0 <= $1.taken })
    let done = monitor.report.inputsDone
    await soon(test) { monitor.report.inputsDone > done + 100 }
    numbers.end()
    let expected = (0..<numbers.count).map { $0 * 2 }
    test.equal(try await outputs, Array(expected))
    let report = monitor.report
    test.equal(report.stages.map(\.workers), [1, 2])
    test.equal(report.stages.map(\.restarts), [0, 0])
    test.equal(report.quarantined, [])
    test.equal(report.stages.map(\.inFlight), [0, 0])
  },
  // `resizedAndKilled SEED KILLS`: the number of workers of two stages changes again and again
  // while workers are killed.
  "resizedAndKilled": { root, test in
    let seed = argument(1, default: 1)
    let kills = argument(2, default: 4)
    let numbers = Numbers()
    let pipeline = Pipeline(Dawdle(longest: 400), workers: 3)
      .then(Repeat(), workers: 2)
      .then(Double(), workers: 2, distribution: .partitioned(by: LastDigit()))
      .then(Sum())
    let monitor = PipelineMonitor()
    let (sums, killed) = try await killing(
      ["Dawdle", "Repeat", "Double"], in: root, atMost: kills, pause: 20...100, seed: seed
    ) {
      async let sums = root.run(over: numbers, using: pipeline, monitor: monitor)
      try await resize([0, 1], by: monitor, times: 60, SeededGenerator(seed: UInt64(seed)))
      numbers.end()
      return try await sums
    }
    let expected = (0..<numbers.count).flatMap { Array(repeating: $0, count: $0 % 10) }
    test.equal(sums, [[expected.count, expected.reduce(0, +) * 2]])
    let report = monitor.report
    test.equal(report.inputsDone, numbers.count)
    test.expect(report.quarantined.isEmpty, "\(report.quarantined)")
    let restarts = report.stages.map(\.restarts).reduce(0, +)
    test.expect(restarts <= killed, "\(restarts) restarts of \(killed) kills")
  },
  // `resizedAtTheEnd SEED ROUNDS`: with little to do, numbers change while stages come to their
  // end, and workers that were stopped have something to emit at it.
  "resizedAtTheEnd": { root, test in
    let seed = argument(1, default: 1)
    for round in 0..<argument(2, default: 4) {
      var random = SeededGenerator(seed: UInt64(seed) &+ UInt64(round))
      let count = random.int(0...200)
      let pipeline = Pipeline(SayGoodbye(), workers: random.int(1...4))
        .then(Dawdle(longest: 20), workers: random.int(1...3))
        .then(SayGoodbye(), workers: random.int(1...3))
        .inOrder()
      let monitor = PipelineMonitor()
      let outputs = try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { [random] in
          try await resize([0, 1, 2], by: monitor, times: .max, random)
        }
        let outputs = try await root.run(over: 0..<count, using: pipeline, monitor: monitor)
        tasks.cancelAll()
        return outputs
      }
      // A worker that emits its goodbye emits all of it.
      let context = "round \(round), seed \(seed)"
      test.expect(outputs.filter { $0 >= 0 } == Array(0..<count), "\(outputs), \(context)")
      let goodbyes = outputs.count - count
      test.expect(goodbyes > 0 && goodbyes % SayGoodbye.words == 0, "\(goodbyes), \(context)")
      test.expect(monitor.report.stages.allSatisfy { $0.restarts == 0 }, context)
    }
  },
  // `resizedWhileStagesWait SEED ROUNDS`: a stage that makes something else of an input, and of its
  // end, when it is interrupted.
  "resizedWhileStagesWait": { root, test in
    let seed = argument(1, default: 1)
    for round in 0..<argument(2, default: 4) {
      let monitor = PipelineMonitor()
      let random = SeededGenerator(seed: UInt64(seed) &+ UInt64(round))
      let outputs = try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await resize([0], by: monitor, times: .max, random) }
        let pipeline = Pipeline(Endure(), workers: 4).inOrder()
        let outputs = try await root.run(over: 0..<200, using: pipeline, monitor: monitor)
        tasks.cancelAll()
        return outputs
      }
      let context = "\(outputs), round \(round), seed \(seed)"
      test.expect(outputs.starts(with: 0..<200), context)
      let ends = outputs.dropFirst(200)
      test.expect(!ends.isEmpty && ends.allSatisfy { $0 == Endure.end }, context)
    }
  },
  // `resizedAndCancelled SEED ROUNDS`
  "resizedAndCancelled": { root, test in
    var random = SeededGenerator(seed: UInt64(argument(1, default: 1)))
    for round in 0..<argument(2, default: 6) {
      let before = await ResourceAudit.atRest()
      let monitor = PipelineMonitor()
      let numbers = Numbers()
      let pipeline = Pipeline(Dawdle(longest: 100), workers: 2).then(Repeat(), workers: 2)
      let delay = Duration.milliseconds(random.int(0...150))
      let error = await test.thrown(CancellationError.self) {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
          tasks.addTask { _ = try await root.run(over: numbers, using: pipeline, monitor: monitor) }
          tasks.addTask { [random] in
            try await resize([0, 1], by: monitor, times: .max, random)
          }
          try await Task.sleep(for: delay)
          tasks.cancelAll()
          while try await tasks.next() != nil {}
        }
      }
      test.expect(error != nil, "round \(round), seed \(random.seed)")
      test.equal(root.children.map(\.name), [])
      await test.nothingLeft(since: before, "round \(round), seed \(random.seed):")
    }
  },
  "numbersSetBeforeTheRun": { root, test in
    let numbers = Numbers()
    let monitor = PipelineMonitor()
    try monitor.resize(stage: 0, to: 7)
    try monitor.resize(stage: 0, to: 3)
    try monitor.resize(stage: 1, to: 1)
    let pipeline = Pipeline(Double(), workers: 1).then(Double(), workers: 5).inOrder()
    async let outputs = root.run(over: numbers, using: pipeline, monitor: monitor)
    await soon(test) { root.children.count == 4 && root.children.allSatisfy { $0.phase == .ready } }
    test.equal(monitor.report.stages.map(\.workers), [3, 1])
    numbers.end()
    test.equal(try await outputs, (0..<numbers.count).map { $0 * 4 })
    // Nothing is left to be changed.
    try monitor.resize(stage: 9, to: 0)
    test.equal(monitor.report.stages.map(\.workers), [3, 1])

    let wrong = PipelineMonitor()
    try wrong.resize(stage: 5, to: 2)
    let error = await test.thrown(PipelineError.self) {
      _ = try await root.run(over: [1], using: pipeline, monitor: wrong)
    }
    test.equal(error?.stage, 5)
    test.equal(root.children.count, 0)
    for await _ in wrong.updates {}
  },
  "numbersThatCannotBe": { root, test in
    let numbers = Numbers()
    let monitor = PipelineMonitor()
    let pipeline = Pipeline(Double(), workers: 2)
      .then(Double(), workers: 2, distribution: .partitioned(by: LastDigit()))
      .then(Double(), workers: 2, distribution: .broadcast)
      .then(Sum())
    async let sums = root.run(over: numbers, using: pipeline, monitor: monitor)
    await soon(test) { working("Sum", in: root) == 1 }
    for (count, stage) in [(0, 0), (65, 0), (-1, 0), (3, 1), (3, 2), (2, 3), (1, 4), (1, -1)] {
      let error = await test.thrown(PipelineError.self) {
        try monitor.resize(stage: stage, to: count)
      }
      test.equal(error?.stage, stage)
      test.expect(error?.message.isEmpty == false)
    }
    test.equal(monitor.report.stages.map(\.workers), [2, 2, 2, 1])
    numbers.end()
    let count = numbers.count
    test.equal(try await sums, [[count * 2, count * (count - 1) * 8]])
  },
]

// MARK: Stages

/// Emits which worker had a number.
struct Locate: Stage {
  static var isStateless: Bool { true }

  func process(_ number: Int, emit: (Seen) throws -> Void) throws {
    usleep(1_000)
    try emit(Seen(number: number, worker: getpid(), place: 0))
  }
}

/// Passes numbers on, but emits a few of its own at its end.
struct SayGoodbye: Stage {
  static let words = 1_100
  static var isStateless: Bool { true }

  func process(_ number: Int, emit: (Int) throws -> Void) throws { try emit(number) }

  func finish(emit: (Int) throws -> Void) throws {
    for _ in 0..<Self.words { try emit(-1) }
  }
}

/// Passes numbers on after a while, and one of its own at its end; who cuts that short gets another
/// number.
struct Endure: AsyncStage {
  static let end = -1
  static var isStateless: Bool { true }

  func process(_ number: Int, emit: (Int) throws -> Void) async throws {
    try await wait(milliseconds: 2, then: number, emit)
  }

  func finish(emit: (Int) throws -> Void) async throws {
    try await wait(milliseconds: 50, then: Self.end, emit)
  }

  private func wait(
    milliseconds: Int, then number: Int, _ emit: (Int) throws -> Void
  ) async throws {
    do {
      try await Task.sleep(for: .milliseconds(milliseconds))
    } catch {
      return try emit(-2)
    }
    try emit(number)
  }
}

// MARK: Support

/// Numbers from 0 on, until they are ended; notes who has been heard of meanwhile.
final class Numbers: AsyncSequence, Sendable {
  private struct State {
    var count = 0
    var isOver = false
    var workers: Set<Int32> = []
  }

  struct Iterator: AsyncIteratorProtocol {
    let numbers: Numbers

    mutating func next() async -> Int? {
      numbers.state.withLock { state in
        guard !state.isOver else { return nil }
        defer { state.count += 1 }
        return state.count
      }
    }
  }

  private let state = Mutex(State())

  /// How many there have been.
  var count: Int { state.withLock(\.count) }

  func end() { state.withLock { $0.isOver = true } }

  /// How many workers have been heard of, this one included.
  func heard(of worker: Int32) -> Int {
    state.withLock { state in
      state.workers.insert(worker)
      return state.workers.count
    }
  }

  func makeAsyncIterator() -> Iterator { Iterator(numbers: self) }
}

/// How many workers of a stage are at work.
private func working(_ name: String, in root: Node) -> Int {
  root.children.count { $0.name.hasPrefix(name) && $0.phase == .ready }
}

/// Expects that something holds soon.
private func soon(
  _ test: Expectations, file: String = #fileID, line: Int = #line, _ holds: () -> Bool
) async {
  let comes = (try? await eventually { holds() }) ?? holds()
  test.expect(comes, "it does not come about", file: file, line: line)
}

/// Sets numbers of workers, sometimes many in a row, so often or until the task is cancelled.
private func resize(
  _ stages: [Int], by monitor: PipelineMonitor, times: Int, _ random: SeededGenerator
) async throws {
  var random = random
  var count = 0
  while count < times, !Task.isCancelled {
    let stage = stages[random.int(0...stages.count - 1)]
    try monitor.resize(stage: stage, to: random.int(1...5))
    count += 1
    if random.int(0...2) > 0 { try? await Task.sleep(for: .milliseconds(random.int(0...80))) }
  }
}
