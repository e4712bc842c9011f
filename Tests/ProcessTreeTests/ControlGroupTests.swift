import Foundation
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

/// Where this process's own group is, if it may make groups below.
private let ownGroup: String? = {
  let mounts = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
  let mount = mounts.split(separator: "\n").first { $0.contains(" - cgroup2 ") }
  guard let point = mount?.split(separator: " ")[4], let path = groupPath(of: getpid()) else {
    return nil
  }
  let made = "\(point)\(path)/ptree-test-\(getpid())"
  defer { rmdir(made) }
  let isUsable = mkdir(made, 0o755) == 0 && access("\(made)/cgroup.kill", W_OK) == 0
  return isUsable ? "\(point)\(path)" : nil
}()

private func groupPath(of pid: Int32) -> String? {
  let groups = try? String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8)
  let line = groups?.split(separator: "\n").first { $0.hasPrefix("0::") }
  return line.map { String($0.dropFirst(3)) }
}

/// A run whose child has started a process that nothing marks any more.
private struct HidingRun {
  let process = Process()
  let hidden: Int32
  /// The name of the group of that process.
  let group: String

  init(_ method: String, _ mode: String, holds: Bool) throws {
    process.executableURL = try Fixture.executable
    process.arguments = ["hidesAProcess", mode] + (holds ? ["hold"] : [])
    process.environment = ProcessInfo.processInfo.environment.merging([
      TestSettings.startMethodVariable: method
    ]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.runInForeground()
    let words = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
      .split { $0 == " " || $0 == "\n" }
    hidden = try #require(words.count == 2 ? Int32(words[1]) : nil, "\(words)")
    group = groupPath(of: hidden)?.split(separator: "/").last.map(String.init) ?? ""
  }

  var pid: Int32 { process.processIdentifier }

  /// The fork servers of the run: the root's, or all.
  func forkServers(ofRootAlone: Bool) async throws -> [Int32] {
    let own = try #require(ownGroup)
    var servers: [Int32] = []
    // One has its name when it has run. The others are the root, its two nodes and the hidden one.
    let areNamed = try await eventually {
      let pids = try String(contentsOfFile: "\(own)/\(group)/cgroup.procs", encoding: .utf8)
        .split(separator: "\n").compactMap { Int32($0) }
      servers = pids.filter { stat(of: $0).contains("(ptree-forksrv)") }
      return pids.count == servers.count + 4
    }
    try #require(areNamed)
    guard ofRootAlone else { return servers }
    return servers.filter {
      stat(of: $0).split(separator: ")").last?.split(separator: " ")[1] == "\(pid)"
    }
  }

  /// Whether the process and the group are soon gone.
  func ends() async throws -> Bool {
    let directory = "\(ownGroup ?? "")/\(group)"
    return try await eventually {
      !isRunning(hidden) && !FileManager.default.fileExists(atPath: directory)
    }
  }
}

/// The status line of a process; that of a dead one if there is none.
private func stat(of pid: Int32) -> String {
  (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ") X"
}

private func isRunning(_ pid: Int32) -> Bool {
  !["Z", "X"].contains(stat(of: pid).split(separator: ")").last?.split(separator: " ").first)
}

extension ProcessTrees {
  @Suite struct ControlGroupTests {
    enum End: String, CaseIterable {
      case returns, rootKilled, rootAndItsForkServerKilled, signalledTwice, allForkServersKilled
    }

    @Test(
      .enabled(if: ownGroup != nil, "this user may not make control groups"),
      arguments: End.allCases, startMethods)
    func aProcessWithoutATagEndsWithTheRun(end: End, method: String) async throws {
      let run = try HidingRun(method, "required", holds: end != .returns)
      defer { kill(run.hidden, SIGKILL) }
      var chosen = [run.pid]
      switch end {
      case .returns: break
      case .signalledTwice:
        kill(run.pid, SIGTERM)
        // Two at once are one request.
        try await Task.sleep(for: .milliseconds(300))
        kill(run.pid, SIGTERM)
      case .rootKilled: kill(run.pid, SIGKILL)
      case .rootAndItsForkServerKilled, .allForkServersKilled:
        chosen += try await run.forkServers(ofRootAlone: end == .rootAndItsForkServerKilled)
        #expect(chosen.count > 1)
        for pid in chosen { kill(pid, SIGSTOP) }
        for pid in chosen { kill(pid, SIGKILL) }
      }
      run.process.waitUntilExit()
      if end == .allForkServersKilled {
        #expect(isRunning(run.hidden))
        try await Fixture.expectSuccess(of: "sweepsDeadRuns", "forkServer")
      }
      #expect(try await run.ends())
    }

    @Test(
      .enabled(if: getuid() == 0, "another user's groups are those that a user may not change"),
      arguments: startMethods)
    func aRequiredGroupThatCannotBeMadeIsAnError(method: String) async throws {
      try await Fixture.expectSuccessWithoutRights(of: "aGroupThatCannotBeMade", method)
    }

    /// Shows that nothing but the group ends it.
    @Test(arguments: startMethods)
    func withoutAGroupItOutlivesTheRun(method: String) async throws {
      let run = try HidingRun(method, "off", holds: false)
      defer { kill(run.hidden, SIGKILL) }
      run.process.waitUntilExit()
      #expect(run.process.terminationStatus == 0)
      #expect(isRunning(run.hidden))
    }
  }
}
