import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import Synchronization

/// A way for a process to end, or to go on without end.
enum WayToDie: String, Codable, CaseIterable {
  case exitZero, exitSeven, abort, segmentationFault, stackOverflow, trap, outOfMemory, cpuLimit
  case fileSizeLimit, endlessLoop, closedDescriptors, daemon, blockedSignals

  /// Whether nobody but the parent can end it.
  var isEndless: Bool { self == .endlessLoop || self == .blockedSignals }

  /// Does it.
  ///
  /// - Parameter isCheap: Whether the signal of a limit is raised, and not waited for.
  func die(isCheap: Bool = true) {
    // Crashes are many here, and a backtrace takes longer than a death.
    for signal in [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP] { Glibc.signal(signal, SIG_DFL) }
    limit(__rlimit_resource_t(RLIMIT_CORE.rawValue), 0)
    switch self {
    case .exitZero: _exit(0)
    case .exitSeven: _exit(7)
    case .abort: Glibc.abort()
    case .segmentationFault: print(UnsafePointer<Int>(bitPattern: 16)?.pointee as Any)
    case .stackOverflow: print(deepen(1))
    case .trap: print([1, 2, 3][Int(getpid())])
    case .outOfMemory:
      limit(__rlimit_resource_t(RLIMIT_AS.rawValue), 1 << 20)
      var hoard: [[UInt8]] = []
      while true { hoard.append([UInt8](repeating: 1, count: 1 << 26)) }
    case .cpuLimit:
      if isCheap { raise(SIGXCPU) }
      // At a hard limit the kernel kills without a word.
      limit(__rlimit_resource_t(RLIMIT_CPU.rawValue), 1, hard: 60)
      while true {}
    case .fileSizeLimit:
      limit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), 0)
      // It has no name, so nothing of it stays.
      let file = tmpfile()
      fputs("text", file)
      fflush(file)
    case .endlessLoop: while true {}
    case .closedDescriptors: closefrom(3)
    case .daemon:
      daemonise()
      _exit(0)
    case .blockedSignals:
      var all = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_BLOCK, &all, nil)
      while true { pause() }
    }
  }

  private func limit(
    _ resource: __rlimit_resource_t, _ value: rlim_t, hard: rlim_t? = nil
  ) {
    var limit = rlimit(rlim_cur: value, rlim_max: hard ?? value)
    setrlimit(resource, &limit)
  }

  /// Whether a cause names this end, of a child at this moment of its life.
  func isNamed(by cause: ExitCause, at moment: MomentOfDeath) -> Bool {
    // A node that has not reported that it is ready could not start, with the end as the reason.
    if case .couldNotStart(let reason) = cause {
      return moment <= .handshaking && !reason.isEmpty
    }
    switch (self, cause) {
    case (.exitZero, .exitedWithoutResult(0)), (.daemon, .exitedWithoutResult(0)): return true
    case (.exitSeven, .exitedWithoutResult(7)): return true
    case (.abort, .crashed(SIGABRT)): return true
    case (.segmentationFault, .crashed(SIGSEGV)), (.stackOverflow, .crashed(SIGSEGV)): return true
    case (.trap, .crashed(SIGILL)), (.trap, .crashed(SIGTRAP)): return true
    // The allocation fails, and the runtime ends the process.
    case (.outOfMemory, .crashed), (.outOfMemory, .outOfMemory): return true
    case (.cpuLimit, .limitExceeded(SIGXCPU)), (.fileSizeLimit, .limitExceeded(SIGXFSZ)):
      return true
    case (.endlessLoop, .terminated(_, SIGKILL)), (.blockedSignals, .terminated(_, SIGKILL)):
      return true
    // The loop of the node notices it, or its parent does.
    case (.closedDescriptors, .crashed(SIGABRT)), (.closedDescriptors, .failed): return true
    case (.closedDescriptors, .terminated(_, SIGKILL)): return moment == .stopping
    default: return false
    }
  }
}

/// A moment of a child's life.
enum MomentOfDeath: String, Codable, CaseIterable, Comparable {
  /// In the first instructions of the process, before the library runs.
  case starting
  /// While the child decodes its arguments.
  case handshaking
  /// While the program waits.
  case idle
  /// In the program.
  case working
  /// While messages are on their way to the parent.
  case sending
  /// After a request to stop.
  case stopping

  static func < (left: Self, right: Self) -> Bool { left.place < right.place }

  private var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Dies at the moment that its parent chooses.
struct Dying: NodeProgram {
  var way: WayToDie
  var moment: MomentOfDeath

  init(way: WayToDie, moment: MomentOfDeath) {
    self.way = way
    self.moment = moment
  }

  private enum CodingKeys: CodingKey { case way, moment }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    way = try container.decode(WayToDie.self, forKey: .way)
    moment = try container.decode(MomentOfDeath.self, forKey: .moment)
    if moment == .handshaking { way.die() }
  }

  func run(in node: Node) async throws {
    switch moment {
    case .starting, .handshaking: break
    case .idle:
      // A request to stop may come before.
      try? await node.sleep(for: .milliseconds(20))
      way.die()
    case .working: way.die(isCheap: false)
    case .sending:
      for number in 0..<400 {
        if number == 200 { way.die() }
        try? await node.parent?.send([UInt8](repeating: 1, count: 1_000))
      }
    case .stopping:
      do {
        try await node.sleep(for: .seconds(3_600))
      } catch {
        way.die()
      }
    }
    // One that lost its descriptors goes on as if nothing had happened.
    while way == .closedDescriptors { try await node.sleep(for: .seconds(1)) }
  }
}

/// Where a child that is executed anew finds the way to die at once.
private let variable = "PROCESS_TREE_FIXTURE_DEATH"

/// Dies before the library runs if the parent asks for that.
func dieEarly() {
  if let text = getenv(variable) { WayToDie(rawValue: String(cString: text))?.die() }
}

private let policy = StopPolicy(ask: .milliseconds(200), terminate: .milliseconds(200))

/// Starts a child that dies in a way at a moment, and checks what its parent learns and by when.
private func die(
  _ way: WayToDie, _ moment: MomentOfDeath, in root: Node, _ test: Expectations
) async throws {
  let start = ContinuousClock.now
  let child = try root.makeChild(Dying(way: way, moment: moment), stopPolicy: policy)
  // An endless start has a deadline.
  let isLate = way.isEndless && moment <= .handshaking
  do {
    try await child.start(timeout: isLate ? .milliseconds(500).scaled : nil)
    if moment == .stopping || (way.isEndless && moment > .handshaking) {
      if way.isEndless, moment < .stopping { try await root.sleep(for: .milliseconds(60)) }
      _ = try await child.stop(reason: "its time is over")
    }
    if moment == .handshaking, way.isEndless { _ = try await child.stop() }
    if moment == .sending {
      for try await _ in try await child.messages(of: [UInt8].self) {}
    }
  } catch is ChildFailure {
  } catch let error as ProcessTreeError where error.code == .deadlinePassed {
  }
  let status = try await child.join(timeout: .patience)
  let time = ContinuousClock.now - start
  guard status != nil, let cause = child.exitReport?.cause else {
    return test.expect(false, "\(way) \(moment): still there after \(time)")
  }
  test.expect(way.isNamed(by: cause, at: moment), "\(way) \(moment): \(cause)")
  // The longest is the 5 s after which a parent ends a child that has lost its descriptors.
  test.expect(time < .seconds(15).scaled, "\(way) \(moment): \(time)")
}

let deathScenarios: [String: Scenario] = [
  // Each way to die at each moment of a child's life.
  "deaths": { root, test in
    try await withThrowingTaskGroup { group in
      for moment in MomentOfDeath.allCases where moment > .starting {
        for way in WayToDie.allCases {
          group.addTask { try await die(way, moment, in: root, test) }
        }
      }
      try await group.waitForAll()
    }
    // Daemons too are gone.
    let survivors = await remaining(of: root, besides: helperPIDs())
    test.expect(survivors.isEmpty, "\(survivors)")
    // A clone of the fork server runs none of the program's code at its start. A daemon that is
    // left before the library runs carries the root's tag, and ends with the root.
    let early = root.configuration.startMethod == .spawn ? WayToDie.allCases : []
    for way in early {
      setenv(variable, way.rawValue, 1)
      defer { unsetenv(variable) }
      try await die(way, .starting, in: root, test)
    }
  }
]
