import CProcessShims
import Glibc

/// Signals to all processes that carry a run's tag, wherever in the system they are.
///
/// The caller itself, the exceptions and fork servers are left out; fork servers end by themselves.
package enum RunSweep {
  /// Kills by passes until two in a row find nothing, or the time is over.
  ///
  /// Returns how many processes were hit. Zombies are not. Blocks; a pass takes about a microsecond
  /// per process of the host, an ended process is noticed within milliseconds.
  @discardableResult
  package static func killAll(
    run: UInt32, except: [Int32] = [], within limit: Duration = .seconds(10)
  ) -> Int {
    let deadline = ContinuousClock.now + limit
    var hit: Set<Int32> = []
    var emptyPasses = 0
    // Two empty ones: a process that forks and ends during a pass can be missed by that pass.
    while emptyPasses < 2 {
      let pids = pass(run: run, signal: SIGKILL, except: except)
      hit.formUnion(pids)
      emptyPasses = pids.isEmpty ? emptyPasses + 1 : 0
      if emptyPasses == 0 {
        guard ContinuousClock.now < deadline else { break }
        usleep(1000)
      }
    }
    return hit.count
  }

  /// Signals each process of the run once; for SIGSTOP and SIGCONT.
  package static func signalAll(run: UInt32, signal: Int32, except: [Int32] = []) {
    _ = pass(run: run, signal: signal, except: except)
  }

  /// One pass; returns the pids that were hit.
  private static func pass(run: UInt32, signal: Int32, except: [Int32]) -> [Int32] {
    // More in one pass are hit all the same, and only counted less exactly.
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 8192) { hits in
      guard let start = hits.baseAddress else { return [] }
      let count = pt_sweep_pass(
        run, signal, except, Int32(clamping: except.count), start, Int32(hits.count))
      return Array(hits.prefix(Int(count)))
    }
  }
}
