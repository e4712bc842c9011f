import Glibc
import ProcessTree
import ProcessTreeScenarios
import Synchronization

/// A global whose value a child finds as it was when its process came to be.
private nonisolated(unsafe) var setting = "initial"

/// What a process finds about itself.
struct Surroundings: Codable, Sendable, Equatable {
  var arguments: [String]
  var variable: String?
  var global: String
  var directory: String
  var mask: UInt32
  var fileSizeLimit: UInt
  var openFilesLimit: UInt
  var niceness: Int32
  var ignoresSignal: Bool
  var blocksSignal: Bool
  var hasDescriptor: Bool
  var leadsItsSession: Bool
  var readsNullDevice: Bool

  /// Those of this process.
  static func here() -> Self {
    var path = [CChar](repeating: 0, count: 4_096)
    let directory = getcwd(&path, path.count).map { String(cString: $0) } ?? ""
    let mask = umask(0)
    umask(mask)
    var action = sigaction()
    sigaction(SIGUSR1, nil, &action)
    var blocked = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &blocked)
    var (input, null) = (stat(), stat())
    fstat(0, &input)
    stat("/dev/null", &null)
    return Self(
      arguments: CommandLine.arguments, variable: getenv(variable).map { String(cString: $0) },
      global: setting, directory: directory, mask: mask,
      fileSizeLimit: limit(RLIMIT_FSIZE).rlim_cur, openFilesLimit: limit(RLIMIT_NOFILE).rlim_cur,
      niceness: ownNiceness,
      ignoresSignal: unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1,
      blocksSignal: sigismember(&blocked, SIGUSR2) == 1,
      hasDescriptor: fcntl(strange, F_GETFD) >= 0,
      leadsItsSession: getsid(0) == getpid(), readsNullDevice: input.st_rdev == null.st_rdev)
  }

  /// A variable and a descriptor that nothing else uses.
  static let variable = "FIXTURE_INHERITED"
  static let strange: Int32 = 200

  static func limit(_ resource: __rlimit_resource) -> rlimit {
    var limit = rlimit()
    getrlimit(numericCast(resource.rawValue), &limit)
    return limit
  }

  private static var ownNiceness: Int32 {
    get { getpriority(numericCast(PRIO_PROCESS.rawValue), 0) }
    set { setpriority(numericCast(PRIO_PROCESS.rawValue), 0, newValue) }
  }

  /// Changes all of it in this process.
  static func change(to value: String) {
    setenv(variable, value, 1)
    setting = value
    chdir("/")
    umask(0o027)
    var sizes = limit(RLIMIT_FSIZE)
    sizes.rlim_cur = min(sizes.rlim_cur, 1 << 40)
    setrlimit(numericCast(RLIMIT_FSIZE.rawValue), &sizes)
    ownNiceness += 1
    signal(SIGUSR1, SIG_IGN)
    var blocked = sigset_t()
    sigaddset(&blocked, SIGUSR2)
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    dup2(2, strange)
  }
}

/// Reports its surroundings, and those of a child that it starts after it has changed its own.
struct Heir: NodeProgram {
  var hasChild: Bool

  func run(in node: Node) async throws -> [Surroundings] {
    let mine = Surroundings.here()
    guard hasChild else { return [mine] }
    Surroundings.change(to: "child")
    return [mine] + (try await node.spawn(Heir(hasChild: false)).result)
  }
}

/// Has two threads and its main thread contend for the node's locks.
struct Contending: NodeProgram {
  var hasChild: Bool

  func run(in node: Node) async throws {
    @Sendable func look() {
      for _ in 0..<200_000 where node.stopRequest != nil || !node.isAlone { return }
    }
    async let first: Void = node.offload { look() }
    async let second: Void = node.offload { look() }
    // The two threads have to have begun.
    await Task.yield()
    look()
    try await first
    try await second
    if hasChild { try await node.spawn(Contending(hasChild: false)).result }
  }
}

/// A global whose initialiser waits for another thread that wants it, too.
private enum Wanted {
  static let isInitialising = Atomic(false)

  static let value: Int32 = {
    isInitialising.store(true, ordering: .releasing)
    // Longer than the other thread needs to wait in the kernel; nothing shows that it does.
    usleep(50_000)
    return getpid()
  }()
}

/// Has a thread wait for a global that the main thread is initialising.
struct Initialising: NodeProgram {
  var hasChild: Bool

  func run(in node: Node) async throws -> Bool {
    async let other = node.offload { () -> Int32 in
      while !Wanted.isInitialising.load(ordering: .acquiring) { usleep(100) }
      return Wanted.value
    }
    // The other task has to have been handed to its thread.
    await Task.yield()
    let value = Wanted.value
    let same = try await other
    guard hasChild else { return value == same && value == getpid() }
    return try await node.spawn(Initialising(hasChild: false)).result
  }
}

extension Node {
  fileprivate var isAlone: Bool { children.isEmpty }
}

let inheritanceScenarios: [String: Scenario] = [
  // The main thread of a clone has another id than that of its ancestors: a lock that remembers ids
  // must not have been taken there before.
  "contendedLocks": { root, test in
    for _ in 0..<3 { try await root.spawn(Contending(hasChild: true)).result }
    test.expect(root.isAlone, "a child is left")
  },
  // The same holds for the locks of Swift's runtime, with which it initialises globals.
  "contendedGlobals": { root, test in
    test.expect(try await root.spawn(Initialising(hasChild: true)).result, "different values")
    test.expect(root.isAlone, "a child is left")
  },
  // What a node changes after its start: a fork server has been cloned before, an execution takes
  // over what an exec takes over.
  "whatAChildInherits": { root, test in
    let before = Surroundings.here()
    Surroundings.change(to: "root")
    let after = Surroundings.here()
    test.expect(after.ignoresSignal && after.blocksSignal && after.hasDescriptor, "\(after)")
    let found = try await root.spawn(Heir(hasChild: true)).result
    test.equal(found.count, 2)

    let isForked = root.configuration.startMethod == .forkServer
    for (depth, child) in found.enumerated() {
      // The same by both start methods.
      test.equal(child.arguments, before.arguments)
      test.equal(child.openFilesLimit, after.openFilesLimit)
      test.equal(child.global, "initial")
      // The root may have been started with them ignored or blocked.
      test.expect(!child.ignoresSignal || before.ignoresSignal, "\(child)")
      test.expect(!child.blocksSignal || before.blocksSignal, "\(child)")
      test.expect(!child.hasDescriptor, "\(child)")
      test.expect(child.leadsItsSession && child.readsNullDevice, "\(child)")
      // As at the root's start, or as the parent has it.
      let changer = depth == 0 ? "root" : "child"
      test.equal(child.variable, isForked ? before.variable : changer)
      test.equal(child.directory, isForked ? before.directory : "/")
      test.equal(child.mask, isForked ? before.mask : after.mask)
      test.equal(child.fileSizeLimit, isForked ? before.fileSizeLimit : after.fileSizeLimit)
      test.equal(
        child.niceness, isForked ? before.niceness : before.niceness + Int32(depth) + 1)
    }
  },
]
