import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// A run as the kernel knows it: the processes with its tag, and the one that holds its lock.
///
/// It needs nobody's answer, so it is found whether its root turns, is stopped, hangs or is dead,
/// and wherever its directory is. Only the superuser is shown the runs of other users.
package struct LiveRun: Sendable {
  /// A process at the moment of the look.
  package struct Process: Hashable, Sendable {
    package let pid: Int32
    package let parent: Int32
    /// The kernel's letter for its state.
    package let state: Character
    /// The start time in clock ticks since boot.
    package let startTime: UInt64
    /// The node that it is, or that started it; `nil` for a root inside another run.
    package let node: UInt32?
    package let usage: ProcessUsage

    package var isHelper: Bool { node == RunTag.helperNode }
    /// Whether a signal or a debugger has stopped it.
    package var isStopped: Bool { state == "T" || state == "t" }

    /// How long it has lived.
    package var age: Duration {
      var now = timespec()
      clock_gettime(CLOCK_BOOTTIME, &now)
      return max(
        .zero, .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec) - .clockTicks(startTime))
    }

    /// A living process; `nil` if it has ended.
    package init?(_ pid: Int32, node: UInt32? = nil) {
      var stat = pt_stat()
      guard pid > 0, pt_stat(pid, &stat) == 0 else { return nil }
      let state = Character(UnicodeScalar(UInt8(bitPattern: stat.state)))
      guard state != "Z", state != "X" else { return nil }
      self.pid = pid
      parent = stat.parent
      self.state = state
      startTime = stat.start_time
      self.node = node
      usage = ProcessUsage(stat)
    }

    /// The user that it belongs to; `nil` if it has ended.
    package var user: UInt32? {
      var status = stat()
      return stat("/proc/\(pid)", &status) == 0 ? status.st_uid : nil
    }

    /// The path of its executable; `nil` if it has ended, or may not be looked at.
    fileprivate var executable: String? { Files.link("/proc/\(pid)/exe") }

    /// The words that it was started with, or the title that it has taken.
    package var words: [String] {
      let bytes = Files.bytes(of: "/proc/\(pid)/cmdline", limit: 4_096) ?? []
      return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// The run's number.
  package let id: UInt32
  /// The root; `nil` if it is dead.
  package let root: Process?
  /// The run's directory, wherever it is; `nil` without a root.
  package let directory: String?
  /// The processes with the run's tag, and the root.
  package let processes: [Process]

  /// The number as it is shown.
  package var name: String { RunPlace.name(of: id) }

  /// How many nodes have a process: those of the program that the root, or a helper, runs.
  ///
  /// Commands have other executables, and so have nodes that were not written in Swift.
  package var nodeCount: Int {
    let example = root ?? processes.first { $0.isHelper }
    guard let program = example?.executable else { return 0 }
    return processes.count { !$0.isHelper && $0.executable == program }
  }

  /// Looks at all processes of the host; `nil` if they cannot be listed.
  package static func all() -> [LiveRun]? {
    let pids = Files.numbers(in: "/proc")
    guard !pids.isEmpty else { return nil }
    var found: [UInt32: [Process]] = [:]
    for pid in pids {
      guard let tag = RunTag.read(of: pid), let process = Process(pid, node: tag.node) else {
        continue
      }
      found[tag.run, default: []].append(process)
    }
    return found.map { LiveRun($0.key, $0.value.sorted { $0.startTime < $1.startTime }) }
      .filter(\.mayBeShown)
      .sorted { ($0.root?.startTime ?? 0, $0.id) < ($1.root?.startTime ?? 0, $1.id) }
  }

  /// Whether it is this user's: its nodes may run commands as others.
  private var mayBeShown: Bool {
    geteuid() == 0 || (root ?? processes.first)?.user == geteuid()
  }

  private init(_ id: UInt32, _ processes: [Process]) {
    self.id = id
    let own = processes.first { process in
      process.node == RunTag.ofRoot(id, pid: process.pid, startTime: process.startTime).node
    }
    // A root inside another run has the tag of that one, and is the parent of its own helper.
    let root =
      own
      ?? Set(processes.filter { $0.isHelper }.map(\.parent)).subtracting(processes.map(\.pid))
      // Not lazily, which looks at each twice, and the second time it may have ended.
      .compactMap { Process($0) }.first { Self.directory(of: $0.pid, run: id) != nil }
    self.root = root
    directory = root.flatMap { Self.directory(of: $0.pid, run: id) }
    self.processes = own == nil ? (root.map { [$0] } ?? []) + processes : processes
  }

  /// So many descriptors are looked at before all are listed, of which a root has several for each
  /// node.
  private static let firstDescriptors: Int32 = 32

  /// The directory of a run, by the lock that a process has open, and had opened before it had any
  /// nodes.
  private static func directory(of pid: Int32, run: UInt32) -> String? {
    let end = "/\(RunPlace.name(of: run))/lock"
    func directory(_ number: Int32) -> String? {
      let path = Files.link("/proc/\(pid)/fd/\(number)")
      return path.flatMap { $0.hasSuffix(end) ? String($0.dropLast("/lock".count)) : nil }
    }
    for number in 0..<firstDescriptors {
      if let found = directory(number) { return found }
    }
    for number in Files.numbers(in: "/proc/\(pid)/fd") where number >= firstDescriptors {
      if let found = directory(number) { return found }
    }
    return nil
  }

  /// Kills the root and all that carries the run's tag, and then removes the run's directory: needs
  /// nobody's help.
  ///
  /// - Parameter limit: How long the processes may take to end.
  /// - Returns: Whether nothing is left.
  package func killAll(within limit: Duration = .seconds(10)) -> Bool {
    if let root, let handle = try? ProcessHandle(pid: root.pid),
      HostProcess.startTime(of: root.pid) == root.startTime
    {
      try? handle.send(SIGKILL)
      handle.waitForEnd(milliseconds: Int32(clamping: limit.wholeMilliseconds))
    }
    let isComplete = RunSweep.killAll(run: id, .everything, within: limit).isComplete
    // The run is dead now: a sweep of the dead ones removes its directory.
    if let parent = directory.flatMap({ path in path.lastIndex(of: "/").map { path[..<$0] } }),
      let runs = try? OwnDirectory(path: String(parent))
    {
      RunPlace.sweepDeadRuns(in: runs)
    }
    return isComplete
  }
}
