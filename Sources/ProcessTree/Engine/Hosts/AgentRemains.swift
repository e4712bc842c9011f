internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The processes that placed children leave behind: killed and reaped before the end of these is
/// reported.
///
/// Belongs to the loop.
final class AgentRemains {
  /// How long an end is held back for that.
  private static let clearingTime: Duration = .seconds(2)

  private let tag: RunTag
  private let loop: EventLoop
  /// Processes that are no remains.
  var own: Set<Int32> = []
  private var remains: [Int32: ProcessHandle] = [:]
  private let waiters: Waiters<Void>
  /// Called for each process that is found alive and is no node.
  var onFound: ((Int32, String) -> Void)?
  private let executable = Files.link("/proc/self/exe")

  init(_ tag: RunTag, on loop: EventLoop) {
    self.tag = tag
    self.loop = loop
    waiters = Waiters(on: loop.timers)
  }

  /// Calls `body` once all that is left behind has been reaped, or its time is over.
  func clear(then body: @escaping () -> Void) {
    waiters.add(within: Self.clearingTime) { _ in body() }
    look()
  }

  private func look() {
    for process in AdoptedProcesses.scan(tag: tag, known: own.union(remains.keys))
    where process.origin != .unansweredClone {
      end(process)
    }
    if remains.isEmpty { waiters.resume(()) }
  }

  private func end(_ process: AdoptedProcesses.Adopted) {
    let handle = process.handle
    // An orphaned node ends with its parent, and those above it report it.
    if !handle.hasEnded, Files.link("/proc/\(handle.pid)/exe") != executable {
      onFound?(handle.pid, process.command)
    }
    try? handle.send(SIGKILL)
    remains[handle.pid] = handle
    do {
      try loop.whenEnded(handle) { [unowned self] in
        do { guard try handle.reap() != nil else { return false } } catch {}
        handle.close()
        remains[handle.pid] = nil
        // Those of its own have come to this process now.
        look()
        return true
      }
    } catch {
      _ = handle.reapSoon()
      remains[handle.pid] = nil
    }
  }

  /// Reaps all that is left once everything has been killed; waits for that.
  func reapAll() {
    for _ in 0..<64 {
      let found = AdoptedProcesses.scan(tag: tag, known: [])
      guard !found.isEmpty else { return }
      for process in found {
        try? process.handle.send(SIGKILL)
        _ = process.handle.reapSoon()
      }
    }
  }
}
