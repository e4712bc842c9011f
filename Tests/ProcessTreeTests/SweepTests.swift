import Foundation
import ProcessTreeScenarioRuns
import Testing

extension ProcessTrees {
  /// What the next run may end, and what it may not.
  @Suite struct SweepTests {
    /// What a cleaner of old files, or a person, does to the directory of a live run.
    enum Loss: String, CaseIterable {
      case lockFile, replacedLockFile, allFiles, sockets, directory, recreatedDirectory

      func happen(to path: String) {
        let files = FileManager.default
        switch self {
        case .lockFile: unlink(path + "/lock")
        case .replacedLockFile:
          unlink(path + "/lock")
          _ = files.createFile(atPath: path + "/lock", contents: nil)
        case .allFiles, .sockets:
          for name in (try? files.contentsOfDirectory(atPath: path)) ?? []
          where self == .allFiles || name != "lock" { unlink("\(path)/\(name)") }
        case .directory, .recreatedDirectory:
          try? files.removeItem(atPath: path)
          if self == .recreatedDirectory { mkdir(path, 0o700) }
        }
      }
    }

    @Test(arguments: Loss.allCases)
    func aLiveRunIsKnownByMoreThanItsFiles(loss: Loss) async throws {
      let tree = try HeldTree("forkServer", daemonEvery: 0)
      let before = tree.processes().keys.sorted()
      #expect(FileManager.default.fileExists(atPath: tree.directory))
      loss.happen(to: tree.directory)
      for _ in 0..<2 { try await Fixture.expectSuccess(of: "sweepsDeadRuns", "forkServer") }
      #expect(tree.processes().keys.sorted() == before)
      kill(tree.pid, SIGKILL)
      tree.process.waitUntilExit()
      #expect(tree.survivors().isEmpty)
      try? FileManager.default.removeItem(atPath: tree.directory)
    }

    /// Which fork servers are stopped when the root is killed.
    enum Stopped: String, CaseIterable { case one, roots, all }

    @Test(arguments: Stopped.allCases, startMethods)
    func stoppedForkServersEnd(stopped: Stopped, method: String) async throws {
      let tree = try HeldTree(method)
      let servers = tree.processes().filter { $0.value == "ptree-forksrv" }.keys.sorted()
      #expect(servers.count > 1)
      let roots = servers.filter { parent(of: $0) == tree.pid }
      let chosen =
        switch stopped {
        case .one: Array(servers.filter { !roots.contains($0) }.prefix(1))
        case .roots: roots
        case .all: servers
        }
      #expect(!chosen.isEmpty)
      for pid in chosen { kill(pid, SIGSTOP) }
      kill(tree.pid, SIGKILL)
      tree.process.waitUntilExit()
      if stopped == .all {
        try await Fixture.expectSuccess(of: "sweepsDeadRuns", "forkServer")
      }
      #expect(tree.survivors().isEmpty)
      #expect(!FileManager.default.fileExists(atPath: tree.directory))
    }

    @Test(arguments: ["", "throw", "exit", "kill"])
    func whatTheRootsOwnCodeHasStartedEndsWithIt(way: String) async throws {
      let outcome = try await Fixture.run("leavesAStranger", arguments: [way])
      let pid = try #require(Int32(outcome.output.split(separator: "\n").first ?? ""))
      let deadline = Date(timeIntervalSinceNow: 30)
      while isRunning(pid), Date() < deadline { try await Task.sleep(for: .milliseconds(5)) }
      #expect(!isRunning(pid))
      kill(pid, SIGKILL)
    }

    @Test func aRunThatIsKilledEarlyLeavesNothingForEver() async throws {
      let directory = try TemporaryDirectory()
      let path = directory.url.path
      for _ in 0..<20 {
        let run = Process()
        run.executableURL = try Fixture.executable
        run.arguments = ["squares"]
        run.environment = ["TMPDIR": path, "PATH": "/usr/bin:/bin"]
        for output in [\Process.standardOutput, \Process.standardError] {
          run[keyPath: output] = FileHandle.nullDevice
        }
        run.standardInput = FileHandle.nullDevice
        try run.run()
        usleep(UInt32.random(in: 0...150_000))
        kill(run.processIdentifier, [SIGKILL, SIGTERM, SIGINT].randomElement() ?? SIGKILL)
        run.waitUntilExit()
      }
      // A run that is still being swept by its own fork servers is for the next one.
      let deadline = Date(timeIntervalSinceNow: 30)
      let runs = path + "/process-tree-\(getuid())"
      repeat {
        try await Fixture.expectSuccess(
          of: "sweepsDeadRuns", "forkServer", environment: ["TMPDIR": path])
      } while try FileManager.default.contentsOfDirectory(atPath: runs) != [] && Date() < deadline
      #expect(try FileManager.default.contentsOfDirectory(atPath: runs) == [])
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: path) == [
          runs.split(separator: "/").last.map(String.init) ?? ""
        ])
    }

    private func stat(of pid: Int32) -> [Substring] {
      let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      return (stat.split(separator: ")").last ?? "").split(separator: " ")
    }

    private func parent(of pid: Int32) -> Int32? {
      stat(of: pid).dropFirst().first.flatMap { Int32($0) }
    }

    private func isRunning(_ pid: Int32) -> Bool {
      stat(of: pid).first.map { $0 != "Z" && $0 != "X" } ?? false
    }
  }
}
