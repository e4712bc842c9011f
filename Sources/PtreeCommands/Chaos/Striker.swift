internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeProcessControl

/// Hits the nodes of a run, one fault after another, as long as a round lasts.
final class Striker: Sendable {
  /// The faults so far, by kind.
  struct Record: Encodable, Sendable {
    var kill = 0
    var stop = 0
    var cut = 0
    /// Cuts for which no live node had a data link.
    var missedCuts = 0
    var last: String?

    var count: Int { kill + stop + cut }

    private enum CodingKeys: CodingKey { case kill, stop, cut, missedCuts }
  }

  private struct State: Sendable {
    var faults: FaultSequence
    var next: Fault?
    var record = Record()
  }

  private let root: Node
  private let watch: Lock<EndWatch>
  private let state: Lock<State>
  /// The run's half of each node's tag.
  private let run: UInt32?

  init(_ faults: FaultSequence, at root: Node, telling watch: Lock<EndWatch>) {
    self.root = root
    self.watch = watch
    state = Lock(State(faults: faults))
    run = RunTag.read(of: getpid())?.run
  }

  var record: Record { state.withLock(\.record) }

  /// Strikes until the task is cancelled or the time has come; nothing is left stopped then.
  ///
  /// - Throws: ``UsageError`` when the system does not let connections be cut.
  func strike(until end: ContinuousClock.Instant) async throws {
    var stopped: [(process: ProcessHandle, until: ContinuousClock.Instant)] = []
    defer { for (process, _) in stopped { try? process.send(SIGCONT) } }
    var due: ContinuousClock.Instant?
    defer {
      // The next round waits for the rest of this time.
      if let due { state.withLock { $0.next?.wait = max(.zero, due - .now) } }
    }
    while !Task.isCancelled {
      let now = ContinuousClock.now
      guard now < end else { return }
      for (process, until) in stopped where until <= now { try? process.send(SIGCONT) }
      stopped.removeAll { $0.until <= now }
      let fault = nextFault()
      let time = due ?? now + fault.wait
      due = time
      if time <= now {
        if let (process, until) = try hit(fault, now) {
          if let until { stopped.append((process, until)) }
          due = nil
          state.withLock { $0.next = nil }
          continue
        }
      }
      // Without a victim the fault waits for one.
      let wake = min(max(time, now + .milliseconds(2)), end)
      let first = stopped.map(\.until).min() ?? wake
      guard (try? await root.sleep(for: min(wake, first) - now)) != nil else { return }
    }
  }

  private func nextFault() -> Fault {
    state.withLock { state in
      if let next = state.next { return next }
      let next = state.faults.next() ?? Fault(kind: .kill, wait: .zero, choice: 0, hold: .zero)
      state.next = next
      return next
    }
  }

  /// Hits one node, and returns when a stop of it ends; nil when there is none.
  private func hit(
    _ fault: Fault, _ now: ContinuousClock.Instant
  ) throws -> (ProcessHandle, ContinuousClock.Instant?)? {
    let nodes = Self.nodes(below: root.snapshot.root)
    for offset in nodes.indices {
      let node = nodes[Int((fault.choice &+ UInt64(offset)) % UInt64(nodes.count))]
      guard let process = open(node) else { continue }
      switch fault.kind {
      case .kill:
        watch.withLock { $0.note(hit: process.pid) }
        guard (try? process.send(SIGKILL)) != nil else { continue }
      case .stop:
        guard (try? process.send(SIGSTOP)) != nil else { continue }
      case .cut:
        guard try cut(process, fault.choice) else { continue }
      }
      note(fault.kind, "\(fault.kind) of \(node.path)")
      return (process, fault.kind == .stop ? now + fault.hold : nil)
    }
    guard fault.kind == .cut else { return nil }
    // No lazy sequence: it opens a node twice, and the second time the node may have ended.
    for node in nodes {
      guard let process = open(node) else { continue }
      state.withLock { $0.record.missedCuts += 1 }
      return (process, nil)
    }
    return nil
  }

  private func note(_ kind: FaultKind, _ text: String) {
    state.withLock { state in
      switch kind {
      case .kill: state.record.kill += 1
      case .stop: state.record.stop += 1
      case .cut: state.record.cut += 1
      }
      state.record.last = text
    }
  }

  private func cut(_ process: ProcessHandle, _ choice: UInt64) throws -> Bool {
    // Only data links can be made anew; a node without its control connection ends.
    let directory = root.runDirectory + "/"
    do throws(ProcessControlError) {
      return try ForeignConnections.cut(of: process, choice: choice >> 32) {
        $0.hasPrefix(directory) && $0.hasSuffix(".l")
      } != nil
    } catch {
      throw UsageError(
        "links cannot be cut here: \(error). Leave --cut out, or allow ptrace of one's own "
          + "processes, as a container does with --cap-add SYS_PTRACE.")
    }
  }

  /// The process of a node, if it is still that of a node of this run.
  private func open(_ node: NodeSnapshot) -> ProcessHandle? {
    guard let pid = node.pid, let process = try? ProcessHandle(pid: pid), !process.hasEnded,
      let tag = RunTag.read(of: pid), tag.run == run, tag.node != RunTag.helperNode
    else { return nil }
    return process
  }

  /// All nodes below one, in the order of the tree.
  private static func nodes(below node: NodeSnapshot) -> [NodeSnapshot] {
    node.children.flatMap { [$0] + nodes(below: $0) }
  }
}
