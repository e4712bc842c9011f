import Foundation
import ProcessTreeProcessControl
import ProcessTreeTestSettings

/// The remains of a run.
enum Audit {
  /// The living processes with the run's tag, fork servers included.
  static func living(run: UInt32) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { pid in
      RunTag.read(of: pid)?.run == run && !isDead(pid)
    }
  }

  /// Whether a process is gone, or a zombie that its parent has not reaped yet.
  static func isDead(_ pid: Int32) -> Bool {
    let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
    guard let end = stat.lastIndex(of: ")") else { return true }
    return ["Z", "X"].contains(stat[end...].dropFirst(2).prefix(1))
  }

  /// Waits until nothing of the run lives; how long that took, or nil.
  static func timeUntilGone(
    run: UInt32, within limit: Duration = .patience, and condition: () -> Bool = { true }
  ) -> Duration? {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < limit {
      if living(run: run).isEmpty, condition() { return ContinuousClock.now - start }
      usleep(2000)
    }
    return nil
  }
}
