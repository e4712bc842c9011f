import Foundation
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

/// A tree of the fixture that stays up until somebody ends it: 1-1-3-9 nodes, of which some have
/// daemonised a program.
struct HeldTree {
  let process: Process
  /// The number that marks every process of the run.
  let run: UInt64

  /// - Parameters:
  ///   - waits: Whether to wait until the tree is up; otherwise it has its directory.
  ///   - directory: Where its processes work.
  ///   - leavesCoreFiles: Whether those that crash leave a file there.
  init(
    _ method: String, daemonEvery: Int = 4, scenario: String = "hold", waits: Bool = true,
    directory: URL? = nil, leavesCoreFiles: Bool = false
  ) throws {
    process = Process()
    process.executableURL = try Fixture.executable
    process.arguments = [scenario, "\(daemonEvery)"]
    process.environment = ProcessInfo.processInfo.environment.merging([
      TestSettings.startMethodVariable: method
    ]) { $1 }
    // A process that writes an account of its crash first takes a long time to crash.
    if leavesCoreFiles { process.environment?["SWIFT_BACKTRACE"] = "enable=no" }
    if let directory { process.currentDirectoryURL = directory }
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    var limit = rlimit()
    let core = __rlimit_resource_t(RLIMIT_CORE.rawValue)
    getrlimit(core, &limit)
    var wanted = limit
    wanted.rlim_cur = leavesCoreFiles ? limit.rlim_max : 0
    setrlimit(core, &wanted)
    defer { setrlimit(core, &limit) }
    try process.runInForeground()
    guard waits else {
      run = try Self.runOnceMarked(process.processIdentifier)
      return
    }
    // It reports when all nodes are up.
    var wait = pollfd(
      fd: pipe.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&wait, 1, Int32(30_000 * TestSettings.timeScale)) == 1 else {
      kill(process.processIdentifier, SIGKILL)
      throw Failure.neverUp
    }
    let up = pipe.fileHandleForReading.availableData
    run = try #require(Self.mark(of: process.processIdentifier), "\(up)") >> 32
    #expect(String(decoding: up, as: UTF8.self) == "up\n")
  }

  private static func runOnceMarked(_ pid: Int32) throws -> UInt64 {
    let deadline = Date(timeIntervalSinceNow: 10 * TestSettings.timeScale)
    while Date() < deadline {
      // Without a tag, this is a plain limit.
      if let mark = mark(of: pid), mark >> 32 != 0, mark >> 63 == 0 { return mark >> 32 }
      usleep(1_000)
    }
    kill(pid, SIGKILL)
    throw Failure.neverUp
  }

  enum Failure: Error {
    case neverUp
  }

  var pid: Int32 { process.processIdentifier }

  /// The signal that has ended the root; nil after an exit.
  var signalOfDeath: Int32? {
    process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil
  }

  var directory: String {
    let digits = String(run, radix: 16)
    let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    return parent + "/process-tree-\(getuid())/"
      + String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// The processes of the run that run, daemonised ones included, by pid with their names.
  func processes() -> [Int32: String] {
    var found: [Int32: String] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = Int32(name), let mark = Self.mark(of: pid), mark >> 32 == run,
        let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
        !stat.contains(") Z ")
      else { continue }
      let command = stat.split(separator: "(").last?.split(separator: ")").first
      found[pid] =
        isForkServer(markedBy: mark) ? "ptree-forksrv" : command.map(String.init) ?? ""
    }
    return found
  }

  /// The nodes of a tree that has daemonised no program.
  func nodes() async throws -> [Int32] {
    var nodes: [Int32] = []
    let areAll = try await eventually {
      nodes = processes().filter { $0.value != "ptree-forksrv" }.keys.sorted()
      return nodes.count == 14
    }
    #expect(areAll, "\(processes())")
    return nodes
  }

  /// What still runs when it should long have ended.
  func survivors() -> [Int32: String] {
    let deadline = Date(timeIntervalSinceNow: 10 * TestSettings.timeScale)
    while Date() < deadline, !processes().isEmpty { usleep(5_000) }
    return processes()
  }

  private static func mark(of pid: Int32) -> UInt64? { fileLocksLimit(of: pid) }
}
