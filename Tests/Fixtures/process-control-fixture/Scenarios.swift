import Glibc
import ProcessTreeProcessControl

/// What the root can play.
enum Scenarios {
  /// The root's state before the fork server exists.
  static func beforeTheServer(_ scenario: String) {
    // A scenario that hangs is ended; its fork servers then end the rest.
    alarm(30)
    ProgramData.number = 2
    if scenario == "dataOverLimit" {
      var limit = rlimit(rlim_cur: 4_096, rlim_max: 4_096)
      setrlimit(numericCast(RLIMIT_FSIZE.rawValue), &limit)
    }
    // AddressSanitizer makes an empty function of mlock.
    if scenario == "dataLocked" {
      mmap(nil, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0)
    }
    if scenario.hasPrefix("heap") { HeapOfClones.makeHoles() }
    // The test runner's threads block most signals, and what they start inherits that.
    guard scenario != "deaf" else { return }
    var set = sigset_t()
    sigemptyset(&set)
    // Inherited descriptors, and a blocked signal, as a careless parent leaves them.
    if scenario == "descriptors" {
      dup2(1, 77)
      dup2(1, 200)
      sigaddset(&set, SIGUSR1)
    }
    sigprocmask(SIG_SETMASK, &set, nil)
  }

  static func play(_ scenario: String, _ node: Node) throws {
    switch scenario {
    case "many": try many(node)
    case "descriptors": try descriptors(node)
    case "title": try title(node)
    case "helperKilled": try helperKilled(node)
    case "unanswered": try unanswered(node)
    case "stranger": try stranger(node)
    case "leftBehind": try leftBehind(node)
    case "foreign": try foreign(node)
    case "tree": try tree(node)
    case "chain": try chain(node)
    case "found": try found(node)
    case "prepared": try prepared(node)
    case "data", "dataOverLimit", "dataLocked": try data(node)
    case "heap", "heapOfFew": try heap(node)
    case "signals": try signals(node)
    case "stuck": try stuck(node)
    case "secondInChild": try secondInChild(node)
    case "spawn": try spawn(node)
    case "limit": try limit(node)
    case "parentDeath": try parentDeath(node)
    case "usage": try usage(node)
    case "tags": try tags(node)
    case "badRequests": try badRequests(node)
    case "stop": try stop(node)
    case "deaf": try deaf(node)
    case "locks": try locks(node)
    case "work": try SharedMemoryScenarios.work()
    case "region": try SharedMemoryScenarios.region()
    default: throw Failure("no scenario \(scenario)")
    }
  }

  /// Makes a fork server with a second thread about.
  static func threads() throws {
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in ChildProgram.sleepForEver() }, nil)
    do {
      _ = try ForkServer.start(run: RunIdentity.ofThisProcess(runID: 1))
      report("started", "yes")
    } catch {
      report("refused", "\(error.code)")
    }
  }

  /// Two hundred children, a few at a time.
  static func many(_ node: Node) throws {
    let before = openDescriptors()
    var wrong = 0
    for round in 0..<10 {
      var children: [(Child, ExitStatus)] = []
      for index in 0..<20 {
        let number = Int32(round * 20 + index)
        let signal = [SIGKILL, SIGTERM, SIGUSR1, SIGINT][Int(number / 2) % 4]
        let bySignal = number % 2 == 1
        let child = try node.start(bySignal ? "signal \(signal)" : "exit \(number)")
        children.append(
          (child, bySignal ? .signaled(signal, coreDumped: false) : .exited(number)))
      }
      for (child, expected) in children where try child.join().status != expected { wrong += 1 }
    }
    report("wrong", "\(wrong)")
    report("descriptorsKept", "\(openDescriptors() == before)")
    report("childrenLeft", "\(Node.childCount() - 1)")
    try node.finish()
    report("afterwards", "\(Node.childCount()) \(openDescriptors().count == before.count - 2)")
  }

  static func descriptors(_ node: Node) throws {
    let name = text(of: "/proc/self/comm").dropLast()
    report("name", String(name))
    for _ in 0..<2 {
      let child = try node.start("inspect")
      report("child", try child.line())
      _ = try child.join()
    }
    let held = try directory("/proc/\(node.server.pid)/fd")
    report("server", held.sorted().map(String.init).joined(separator: ","))
    report("serverName", String(text(of: "/proc/\(node.server.pid)/comm").dropLast()))
    try node.finish()
  }

  /// The numbers in a directory.
  static func directory(_ path: String) throws -> [Int] {
    guard let stream = opendir(path) else { throw Failure("cannot read \(path)") }
    defer { closedir(stream) }
    var numbers: [Int] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let number = Int(name) { numbers.append(number) }
    }
    return numbers
  }

  static func title(_ node: Node) throws {
    let long = String(repeating: "long", count: 100)
    for title in ["Process-1:2", "x", "host b (2)", long] {
      let child = try node.start("title \(title)")
      guard try child.line() == "ready" else { throw Failure("not ready") }
      let shown = text(of: "/proc/\(child.handle.pid)/cmdline").split(separator: "\0").first ?? ""
      let name = text(of: "/proc/\(child.handle.pid)/comm").dropLast()
      // A title is cut where the memory of arguments and environment ends.
      let fits = shown == title || (title.hasPrefix(shown) && shown.utf8.count > 40)
      report("shown", "\(fits) \(name)")
      try child.handle.send(SIGKILL)
      _ = try child.join()
    }
    let own = text(of: "/proc/self/cmdline").split(separator: "\0")
    report("own", "\(own.map(String.init) == CommandLine.arguments)")
    ProcessTitle.set("root title")
    report("arguments", CommandLine.arguments.dropFirst().joined(separator: " "))
    report("environment", getenv("FIXTURE").map { String(cString: $0) } ?? "none")
    try node.finish()
  }
}
