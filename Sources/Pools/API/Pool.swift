internal import ProcessTree
internal import ProcessTreeStages

/// Worker processes that share the work of a scope; see
/// `ProcessTree/Node/withPool(size:on:options:initializer:_:)`.
///
/// Workers are children of the node, started when there is work for them and reused. What they do
/// is a value of a type of its own: a `Transform`, a `Stage`, an `AsyncStage`, or a
/// `ProcessTree/NodeProgram` for each input. Work of another type needs another worker, at the cost
/// of a start; another value of the same type does not.
///
/// Inputs are taken as the workers need them and travel in batches that are sized by the time they
/// take. They belong to this process until their results have come: what a dead worker had is given
/// to others, so that each input has exactly one recorded outcome. Its body may have run more than
/// once.
///
/// May be used from any task inside of its scope, from several at once.
public final class Pool: Sendable, CustomStringConvertible {
  let core: PoolCore

  init(
    _ node: Node, size: Int?, on hosts: WorkerHosts?, options: PoolOptions,
    initializer: (any PoolInitializer)?
  ) throws {
    if let hosts, hosts.areLost { throw hosts.loss }
    let number = size ?? hosts?.slots ?? cpuCount
    guard number > 0 else { throw PoolError.invalidSize(number) }
    try options.check()
    core = PoolCore(node, size: number, on: hosts, options: options, initializer: initializer)
    if size == nil { core.growWithHosts() }
  }

  /// How many workers there are at most.
  public var size: Int { core.read { $0.state.size } }

  /// How many workers there are at most, and the counters.
  public var description: String { "pool of \(size): \(progress)" }

  /// The counters as they are now; the node reports them as well, ten times a second at most.
  public var progress: PoolProgress { core.read { $0.state.progress } }

  /// The processes of the workers that have been started and not yet been reaped.
  public var workerPIDs: [Int32] { core.read { $0.links.values.compactMap(\.pid) }.sorted() }

  /// Changes how many workers there are at most.
  ///
  /// Workers above the new number leave once they have done what they hold. From then on the size
  /// is this one, also when hosts are added.
  ///
  /// - Throws: `PoolError` with the code `invalidSize` for a size below one.
  public func resize(to size: Int) throws(PoolError) {
    guard size > 0 else { throw .invalidSize(size) }
    core.update { shared, now in
      shared.growsWithHosts = false
      shared.state.resize(to: size, at: now)
    }
  }

  /// Refuses further work, drops what has not been begun and lets workers finish what has.
  ///
  /// Calls whose inputs were all begun complete; others throw `PoolError/shutDown` once theirs have
  /// come to an end.
  public func shutDown() {
    core.update { shared, _ in
      shared.state.cutShort()
      for job in shared.state.jobs.keys { core.wake(job, &shared) }
    }
  }

  /// Kills all workers; every call fails with `PoolError/shutDown`.
  public func stopNow() { core.stopNow(PoolError.shutDown) }
}
