import Glibc
import ProcessTreeCProcessShims

/// Signals to all processes that carry a run's tag, wherever in the system they are.
///
/// The caller itself and the exceptions are left out.
package enum RunSweep {
  /// Which processes of the run are meant.
  package enum Reach: Hashable, Sendable {
    /// All but the fork servers, which outlive a dead root to sweep and then end by themselves.
    case nodes
    /// The fork servers too, stopped ones among them: for a run whose root is known to be dead.
    case everything

    fileprivate var value: pt_sweep_reach {
      switch self {
      case .nodes: PT_SWEEP_NODES
      case .everything: PT_SWEEP_ALL
      }
    }
  }

  /// What has come of killing by passes.
  package struct Outcome: Hashable, Sendable {
    /// How many processes were hit, zombies not among them.
    package let hits: Int
    /// Whether two passes in a row found nothing any more.
    package let isComplete: Bool
  }

  /// Kills by passes until two in a row find nothing, or the time is over.
  ///
  /// Blocks; a pass takes about a microsecond per process of the host, an ended process is noticed
  /// within milliseconds.
  @discardableResult
  package static func killAll(
    run: UInt32, _ reach: Reach = .nodes, except: [Int32] = [],
    within limit: Duration = .seconds(10)
  ) -> Outcome {
    let deadline = ContinuousClock.now + limit
    var hit: Set<Int32> = []
    var emptyPasses = 0
    // Two empty ones: a process that forks and ends during a pass can be missed by that pass.
    while emptyPasses < 2 {
      guard let pids = pass(run: run, signal: SIGKILL, reach, except: except) else { break }
      hit.formUnion(pids)
      emptyPasses = pids.isEmpty ? emptyPasses + 1 : 0
      if emptyPasses == 0 {
        guard ContinuousClock.now < deadline else { break }
        usleep(1000)
      }
    }
    return Outcome(hits: hit.count, isComplete: emptyPasses == 2)
  }

  /// Stops each process of the run, but not its fork servers.
  package static func stopAll(run: UInt32, except: [Int32] = []) {
    _ = pass(run: run, signal: SIGSTOP, .nodes, except: except)
  }

  /// Continues each process of the run, fork servers too: one may have been stopped in the instant
  /// before it took its own tag.
  package static func continueAll(run: UInt32, except: [Int32] = []) {
    _ = pass(run: run, signal: SIGCONT, .everything, except: except)
  }

  /// One pass; returns the pids that were hit, nil when processes cannot be listed.
  private static func pass(
    run: UInt32, signal: Int32, _ reach: Reach, except: [Int32]
  ) -> [Int32]? {
    // More in one pass are hit all the same, and only counted less exactly.
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 8192) { hits in
      guard let start = hits.baseAddress else { return nil }
      let count = pt_sweep_pass(
        run, signal, reach.value, except, Int32(clamping: except.count), start,
        Int32(hits.count))
      return count < 0 ? nil : Array(hits.prefix(Int(count)))
    }
  }

  /// Whether the run's root lives: a process that carries its tag, which no other process may have.
  ///
  /// A root inside another run carries that run's tag, and is not found. Nil when processes cannot be
  /// listed.
  package static func hasLivingRoot(run: UInt32) -> Bool? {
    let pids = ProcFile.entries(of: "/proc")
    guard !pids.isEmpty else { return nil }
    return pids.contains { pid in
      guard let tag = RunTag.read(of: pid), tag.run == run,
        let handle = try? ProcessHandle(pid: pid), !handle.hasEnded
      else { return false }
      return HostProcess.startTime(of: pid).map { RunTag.ofRoot(run, pid: pid, startTime: $0) }
        == tag
    }
  }
}
