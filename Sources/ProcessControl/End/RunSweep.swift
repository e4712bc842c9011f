import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// Signals to all processes of the system that carry a run's tag.
///
/// The caller itself and the exceptions are left out.
package enum RunSweep {
  package enum Reach: Hashable, Sendable {
    /// All but the fork servers, which outlive a dead root to sweep, and then end.
    case nodes
    /// All, including stopped fork servers, for a run whose root is known to be dead.
    case everything

    fileprivate var value: pt_sweep_reach {
      switch self {
      case .nodes: PT_SWEEP_NODES
      case .everything: PT_SWEEP_ALL
      }
    }
  }

  package struct Outcome: Hashable, Sendable {
    /// The number of killed processes, without zombies.
    package let hits: Int
    /// Whether two passes in a row found no process.
    package let isComplete: Bool
  }

  /// Kills in passes until two in a row find no process, or the time is over.
  ///
  /// It blocks. A pass takes about a microsecond per process of the host, and notices an ended
  /// process within milliseconds.
  @discardableResult
  package static func killAll(
    run: UInt32, _ reach: Reach = .nodes, except: [Int32] = [],
    within limit: Duration = .seconds(10)
  ) -> Outcome {
    let deadline = ContinuousClock.now + limit
    var hit: Set<Int32> = []
    var emptyPasses = 0
    // One pass can miss a process that forks and ends meanwhile.
    while emptyPasses < 2 {
      guard let pids = pass(run: run, signal: SIGKILL, reach, except: except) else { break }
      hit.formUnion(pids)
      emptyPasses = pids.isEmpty ? emptyPasses + 1 : 0
      if emptyPasses == 0 {
        guard ContinuousClock.now < deadline else { break }
        // Its end is an event; the others end meanwhile, or are found again.
        if let last = pids.last { try? ProcessHandle(pid: last).waitForEnd(milliseconds: 10) }
      }
    }
    return Outcome(hits: hit.count, isComplete: emptyPasses == 2)
  }

  /// Stops each process of the run except its fork servers.
  package static func stopAll(run: UInt32, except: [Int32] = []) {
    _ = pass(run: run, signal: SIGSTOP, .nodes, except: except)
  }

  /// Continues each process of the run, including fork servers: one may have been stopped just
  /// before it set its own tag.
  package static func continueAll(run: UInt32, except: [Int32] = []) {
    _ = pass(run: run, signal: SIGCONT, .everything, except: except)
  }

  /// Runs one pass; returns the signalled pids, or `nil` if processes cannot be listed.
  private static func pass(
    run: UInt32, signal: Int32, _ reach: Reach, except: [Int32]
  ) -> [Int32]? {
    // Further processes are signalled too, and only missing in the count.
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 8192) { hits in
      guard let start = hits.baseAddress else { return nil }
      let count = pt_sweep_pass(
        run, signal, reach.value, except, Int32(clamping: except.count), start,
        Int32(hits.count))
      return count < 0 ? nil : Array(hits.prefix(Int(count)))
    }
  }

  /// Whether the run's root is alive, which is the only process with its tag.
  ///
  /// A root inside another run carries that run's tag, and is not found. Returns `nil` if processes
  /// cannot be listed.
  package static func hasLivingRoot(run: UInt32) -> Bool? {
    let pids = Files.numbers(in: "/proc")
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
