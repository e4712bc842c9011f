import Glibc
import Pools
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTestSettings
import Synchronization

let chaosScenarios: [String: Scenario] = [
  // `chaos SEED ITEMS FAULTS`: workers are killed, or stopped and continued or killed, at random
  // moments while items pass; each item's outcome is recorded once.
  "chaos": { root, test in
    let arguments = CommandLine.arguments.dropFirst(2).map { Int($0) ?? 1 }
    let seed = UInt64(arguments.first ?? 1)
    let items = arguments.dropFirst().first ?? 2_000
    let faults = arguments.dropFirst(2).first ?? 50
    let options = PoolOptions(attempts: 1_000)
    try await root.withPool(size: 3, options: options) { pool in
      let isOver = Flag()
      let nemesis = Task {
        await torment(pool, faults: faults, seed: seed)
        isOver.raise()
      }
      // So many items, and further ones until all faults have happened.
      let inputs = sequence(state: 0) { next -> Int? in
        defer { next += 1 }
        return next < items || !isOver.isRaised ? next : nil
      }
      var seen: [Int] = []
      let stream = pool.stream(over: inputs, using: Checked(microseconds: 600))
      for try await outcome in stream.outcomes {
        let (index, output) = (outcome.index, try outcome.output)
        test.expect(output == index &* 3, "seed \(seed): \(output) for \(index)")
        while seen.count <= index { seen.append(0) }
        seen[index] += 1
      }
      await nemesis.value
      let progress = pool.progress
      test.expect(seen.allSatisfy { $0 == 1 }, "seed \(seed): \(seen.count { $0 != 1 }) wrong")
      test.expect(seen.count >= items)
      test.equal(progress.submitted, seen.count)
      test.equal(progress.completed, seen.count)
      test.equal(progress.failed, 0)
      print("seed \(seed): \(faults) faults, \(progress), \(progress.workersStarted) started")
    }
  }
]

/// Informs one task about another.
private final class Flag: Sendable {
  private let state = Mutex(false)

  var isRaised: Bool { state.withLock(\.self) }

  func raise() { state.withLock { $0 = true } }
}

struct Checked: Transform {
  var microseconds: UInt32
  func callAsFunction(_ number: Int) -> Int {
    usleep(microseconds)
    return number &* 3
  }
}

/// Ends workers in random ways.
private func torment(_ pool: Pool, faults: Int, seed: UInt64) async {
  var random = SeededGenerator(seed: seed)
  var count = 0
  while count < faults {
    guard let pid = pool.workerPIDs.randomElement(using: &random) else {
      await Task.yield()
      continue
    }
    let pause = Duration.microseconds(random.int(0...2_000))
    switch random.int(0...4) {
    case 0, 1, 2: kill(pid, SIGKILL)
    case 3:
      kill(pid, SIGSTOP)
      try? await Task.sleep(for: pause)
      kill(pid, SIGCONT)
    default:
      kill(pid, SIGSTOP)
      try? await Task.sleep(for: pause)
      kill(pid, SIGKILL)
    }
    count += 1
    // Workers that are started anew by executing the program take longer to come back.
    let isSpawn = TestSettings.startMethod == "spawn"
    try? await Task.sleep(for: .microseconds(random.int(500...12_000) * (isSpawn ? 8 : 1)))
  }
}
