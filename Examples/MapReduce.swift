public import Pools

/// Counts the words of a chunk of text, by their places in the vocabulary.
struct CountVocabulary: Transform {
  func callAsFunction(_ chunk: TextChunk) -> [Int] {
    var counts = [Int](repeating: 0, count: Vocabulary.words.count)
    for word in chunk.text.split(separator: UInt8(ascii: " ")) {
      if let place = Vocabulary.places[word] { counts[place] += 1 }
    }
    return counts
  }
}

/// A pool counts words while its workers are being killed, and the totals are exact all the same.
///
/// What a worker was given stays the root's until the result has come: what a dead worker had goes
/// to others, so a chunk may be counted more than once, and is recorded exactly once. Anybody may
/// kill workers from outside as well: `kill -9` of any child, as often as one likes.
public struct MapReduce: HostedExample {
  /// What it is run by.
  public static let name = "mapreduce"
  /// What it teaches.
  public static let lesson = "workers are killed all the time, and the totals are exact"
  /// Made good: the pool replaces workers and does their chunks again.
  public static let deaths = DeathEffect.madeGood

  private let workers: Int?
  private let amount: MapReduceAmount
  private let killsPerSecond: Double

  /// Makes the example.
  ///
  /// - Parameters:
  ///   - workers: How many workers there are; as many as there are processors without it.
  ///   - amount: How much there is to do.
  ///   - killsPerSecond: How often the example kills a worker of its own; never with 0.
  public init(workers: Int?, amount: MapReduceAmount, killsPerSecond: Double) {
    self.workers = workers
    self.amount = amount
    self.killsPerSecond = killsPerSecond
  }

  /// Maps chunks to counts, and adds the counts up.
  public func run(in root: Node, on hosts: HostPool?) async throws -> MapReduceReport {
    // Deaths are no chunk's fault here: none is ever given up.
    let options = PoolOptions(attempts: .max)
    return try await root.withPool(size: workers, on: hosts, options: options) { pool in
      let killer = Task { await kill(workersOf: pool, at: root, hosts) }
      defer { killer.cancel() }
      var report = MapReduceReport()
      let chunks = ChunkSource(amount)
      for try await outcome in pool.stream(over: chunks, using: CountVocabulary()).outcomes {
        report.record(try outcome.output, ofChunk: outcome.index)
        root.report("chunks: counted", completed: report.chunks, total: amount.items)
      }
      killer.cancel()
      report.add(pool.progress, killed: await killer.value)
      return report
    }
  }

  /// Kills a worker now and then; the number that were killed, once the task is cancelled.
  private func kill(workersOf pool: Pool, at root: Node, _ hosts: HostPool?) async -> Int {
    var killed: Set<String> = []
    guard killsPerSecond > 0 else { return 0 }
    // A rate that is next to nothing is a pause that no duration holds.
    let pause = Duration.seconds(min(1 / killsPerSecond, 1_000_000_000))
    let start = ContinuousClock.now
    while (try? await Task.sleep(for: pause)) != nil {
      // When no more chunks are taken, those under way are to come to their end.
      if let time = amount.time, ContinuousClock.now - start >= time { break }
      let pids = Set(pool.workerPIDs)
      let workers = root.children.filter { !$0.isDaemon && pids.contains($0.pid ?? 0) }
      guard let worker = workers.randomElement(),
        (try? await root.killFromOutside(worker, hosts)) == true
      else { continue }
      killed.insert(worker.path)
    }
    return killed.count
  }
}
