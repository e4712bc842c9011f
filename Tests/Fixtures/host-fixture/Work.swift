import Glibc
import Pipelines
import Pools
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting
import Synchronization

/// Pools and pipelines have workers on hosts, of which some are lost.
let workScenarios: [String: Scenario] = [
  "pool": { root, test in
    try await root.withHosts([here("b", slots: 2), here("c")]) { hosts in
      let places = try await root.withPool(on: hosts) { pool in
        test.equal(pool.size, 3)
        test.equal(try await pool.map(over: 1...20_000, using: Cubing()).count, 20_000)
        // Workers that come later than the others get nothing of the work that has been done by
        // then.
        var places: Set<Int32> = []
        _ = try await eventually {
          places.formUnion(try await pool.map(over: 1...30, using: WhereAmI()))
          return places.count == 2
        }
        return places
      }
      test.equal(places.count, 2)
    }
  },

  // An input that kills its workers over there is given up, and no other.
  "poolPoison": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      try await root.withPool(on: hosts) { pool in
        let error = await test.thrown(PoolFailure.self) {
          _ = try await pool.map(over: 1...200, using: Deadly(poison: 77))
        }
        test.equal(error?.index, 76)
        test.equal(error?.deaths.count, 3)
      }
    }
  },

  "poolUnderFire": { root, test in
    try await root.withHosts([here("b", slots: 2), here("c", slots: 2), here("d", slots: 2)]) {
      hosts in
      let fire = Fire(at: root, losing: "c")
      let sum = try await root.withPool(on: hosts, options: PoolOptions(attempts: 50)) { pool in
        async let burning: Void = fire.burn()
        let results = try await pool.map(over: 1...3_000, using: Slowly())
        fire.end()
        try await burning
        return results.reduce(0, +)
      }
      test.equal(sum, 3_000 * 3_001 / 2)
      test.expect(hosts["c"]?.loss != nil, "host c is not lost")
    }
  },

  "poolWithoutHosts": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let error = await test.thrown(HostError.self) {
        try await root.withPool(on: hosts) { pool in
          async let results = pool.map(over: 1...1_000_000, using: Slowly())
          _ = try await eventually { pool.workerPIDs.count == 2 }
          for half in root.children where half.name.hasPrefix("host:") {
            kill(half.pid ?? 0, SIGKILL)
          }
          _ = try await results
        }
      }
      let text = error.map(\.description) ?? "none"
      for part in ["b", "c", "no host is left"] { test.expect(text.contains(part), text) }
      let late = await test.thrown(HostError.self) { try await root.withPool(on: hosts) { _ in } }
      test.equal(late?.code, .over)
    }
  },

  "pipeline": { root, test in
    try await root.withHosts([here("b", slots: 2), here("c")]) { hosts in
      let pipeline = Pipeline(Splitting(), workers: 3)
        .then(Counting(), workers: 2, distribution: .partitioned(by: \.word), on: hosts["c"])
        .then(Gathering(), on: OwnHost())
      let tables = try await root.run(
        over: (0..<2_000).map { "a b\($0 % 7) c" }, using: pipeline, on: hosts)
      test.equal(tables.first?["a"], 2_000)
      test.equal(tables.first?["c"], 2_000)
      test.equal(tables.first?.values.reduce(0, +), 6_000)
    }
  },

  "pipelineUnderFire": { root, test in
    try await root.withHosts([here("b", slots: 2), here("c", slots: 2), here("d")]) { hosts in
      let fire = Fire(at: root, losing: "b")
      async let burning: Void = fire.burn()
      let pipeline = Pipeline(Pausing(), workers: 4, attempts: 50).then(Gathering(), on: OwnHost())
      let tables = try await root.run(over: 0..<3_000, using: pipeline, on: hosts)
      fire.end()
      try await burning
      test.equal(tables.first?.values.reduce(0, +), 3_000)
      test.equal(tables.first?.count, 13)
      test.expect(hosts["b"]?.loss != nil, "host b is not lost")
    }
  },

  "pipelineWithoutHosts": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let error = await test.thrown(PipelineFailure.self) {
        async let results = root.run(
          over: 0..<1_000_000, using: Pipeline(Pausing(), workers: 2), on: hosts)
        _ = try await eventually { root.children.count == 3 }
        kill(keeper(of: root), SIGKILL)
        _ = try await results
      }
      test.equal(error?.code, .workerDied)
      test.expect(error?.message.contains("no host is left") == true, "\(error as Any)")
    }
  },
]

/// Kills workers at random moments, and one host.
///
/// An input may be unlucky several times.
final class Fire: Sendable {
  private let root: Node
  private let host: String
  private let isOver = Mutex(false)

  init(at root: Node, losing host: String) {
    self.root = root
    self.host = host
  }

  func end() { isOver.withLock { $0 = true } }

  func burn() async throws {
    var random = SeededGenerator.announced("fire")
    for round in 0..<60 {
      try await Task.sleep(for: .milliseconds(Int.random(in: 10...60, using: &random)))
      if isOver.withLock({ $0 }) { return }
      let children = root.children.filter { !$0.name.hasPrefix("host:") && $0.host != nil }
      if round == 10, let half = root.children.first(where: { $0.name == "host:\(host)" })?.pid {
        kill(half, SIGKILL)
      } else if let victim = children.randomElement(using: &random), let pid = victim.pid {
        kill(pid, SIGKILL)
      }
    }
  }
}

struct Cubing: Transform {
  func callAsFunction(_ number: Int) -> Int { number &* number &* number }
}

/// Emits the host on which it runs: the process that has made it.
struct WhereAmI: Transform {
  func callAsFunction(_ number: Int) -> Int32 {
    usleep(5_000)
    return getppid()
  }
}

/// Dies of one number.
struct Deadly: Transform {
  var poison: Int

  func callAsFunction(_ number: Int) -> Int {
    if number == poison { raise(SIGKILL) }
    return number
  }
}

struct Slowly: Transform {
  func callAsFunction(_ number: Int) -> Int {
    usleep(1_000)
    return number
  }
}

struct Word: Codable, Hashable, Sendable {
  var word: String
  var count: Int
}

struct Splitting: Stage {
  static var isStateless: Bool { true }

  func process(_ line: String, emit: (Word) throws -> Void) throws {
    for word in line.split(separator: " ") { try emit(Word(word: String(word), count: 1)) }
  }
}

/// Sleeps, and makes one of 13 words.
struct Pausing: Stage {
  static var isStateless: Bool { true }

  func process(_ number: Int, emit: (Word) throws -> Void) throws {
    usleep(1_000)
    try emit(Word(word: "\(number % 13)", count: 1))
  }
}

struct Counting: Stage {
  var counts: [String: Int] = [:]

  mutating func process(_ word: Word, emit: (Word) throws -> Void) {
    counts[word.word, default: 0] += word.count
  }

  func finish(emit: (Word) throws -> Void) throws {
    for (word, count) in counts { try emit(Word(word: word, count: count)) }
  }
}

struct Gathering: Stage {
  var table: [String: Int] = [:]

  mutating func process(_ word: Word, emit: ([String: Int]) throws -> Void) {
    table[word.word, default: 0] += word.count
  }

  func finish(emit: ([String: Int]) throws -> Void) throws { try emit(table) }
}
