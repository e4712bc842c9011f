import Foundation
import Glibc
import ProcessTreeBase
import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct CommandProcessTests {
    /// Runs `body` on a thread of its own: a command dies with the thread that has started it.
    private func onThread<Value: Sendable>(
      _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
      try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
      }
    }

    @Test
    func aCommandLeadsItsGroupAndIsReapedByItsPidfd() async throws {
      let status = try await onThread {
        let command = try CommandProcess.start(plan(["sh", "-c", "sleep 1000 & exit 3"]))
        #expect(getpgid(command.leader.pid) == command.leader.pid)
        #expect(RunTag.read(of: command.leader.pid) == RunTag(run: 77, node: 78))
        return try waitForEnd(of: command)
      }
      #expect(status == .exited(3))
    }

    @Test
    func theWholeGroupIsSignalledAndAReapedOneIsLeftAlone() async throws {
      try await onThread {
        let pipe = try Descriptors.makePipe()
        let reader = pipe.first
        let writer = pipe.second
        let command = try CommandProcess.start(
          plan(["sh", "-c", "sleep 1000 & exec sleep 1000"], output: writer.number))
        close(writer.release())
        command.signalGroup(SIGKILL)
        #expect(try waitForEnd(of: command) == .signaled(SIGKILL, coreDumped: false))
        // The child in the background held the pipe too.
        #expect(try Descriptors.readAll(reader.number) == [])
        command.signalGroup(SIGKILL)
      }
    }

    @Test(arguments: [
      ("/no/such/file", nil, CommandProcess.Step.execute, ENOENT),
      ("/etc/passwd", nil, .execute, EACCES), ("/bin/sh", "/no/such", .directory, ENOENT),
      ("/bin/sh", "/etc/passwd", .directory, ENOTDIR), ("/bin/s\0h", nil, .other, 0),
    ])
    func failuresAreKnownOnReturnAndLeaveNothing(
      path: String, directory: String?, step: CommandProcess.Step, errno: Int32
    ) async throws {
      try await onThread {
        let failure = #expect(throws: CommandProcess.StartFailure.self) {
          try CommandProcess.start(plan(["x"], path: path, directory: directory))
        }
        #expect(failure?.step == step)
        #expect(failure?.error.errno == errno)
      }
      #expect(Audit.timeUntilGone(run: 77) != nil)
    }

    @Test
    func aCommandDiesWithItsThread() async throws {
      let command = try await onThread {
        // The handle is looked at by nobody else meanwhile.
        UncheckedBox(try CommandProcess.start(plan(["sleep", "1000"])))
      }
      #expect(try waitForEnd(of: command.value) == .signaled(SIGKILL, coreDumped: false))
    }

    @Test(.enabled(if: getuid() == 0, "only root may run a command as another user"))
    func aCommandOfAnotherUserDiesWithItsThreadToo() async throws {
      let another = CommandProcessPlan.Credentials(
        user: 65_534, group: 65_533, supplementaryGroups: [65_532, 65_531])
      #expect(isDumpable)
      let command = try await onThread {
        let command = try CommandProcess.start(plan(["sleep", "1000"], credentials: another))
        let status = try String(
          contentsOfFile: "/proc/\(command.leader.pid)/status", encoding: .utf8)
        for line in [
          "Uid:\t65534\t65534\t65534\t65534\n", "Gid:\t65533\t65533\t65533\t65533\n",
          "Groups:\t65531 65532 \n", "CapPrm:\t0000000000000000\n",
        ] {
          #expect(status.contains(line), "\(status)")
        }
        #expect(RunTag.read(of: command.leader.pid) == RunTag(run: 77, node: 78))
        return UncheckedBox(command)
      }
      #expect(try waitForEnd(of: command.value) == .signaled(SIGKILL, coreDumped: false))
      // This process is as it was: its memory was shared with one that changed its user.
      #expect(isDumpable)
      #expect(getuid() == 0 && geteuid() == 0 && getgid() == 0)
    }

    @Test(.enabled(if: getuid() == 0, "only root may run a command as another user"))
    func whatTheUserMayNotExecuteFailsAndLeavesThisProcessAsItWas() async throws {
      let directory = try FileManager.default.url(
        for: .itemReplacementDirectory, in: .userDomainMask,
        appropriateFor: URL(filePath: "/tmp"), create: true)
      defer { try? FileManager.default.removeItem(at: directory) }
      let file = directory.appending(path: "mine").path
      try FileManager.default.copyItem(atPath: "/bin/true", toPath: file)
      try await onThread {
        chmod(file, 0o700)
        let failure = #expect(throws: CommandProcess.StartFailure.self) {
          try CommandProcess.start(
            plan(
              ["mine"], path: file,
              credentials: .init(user: 65_534, group: 65_534, supplementaryGroups: [])))
        }
        #expect(failure?.step == .execute)
        #expect(failure?.error.errno == EACCES)
        #expect(isDumpable)
      }
      #expect(Audit.timeUntilGone(run: 77) != nil)
    }

    @Test(.enabled(if: getuid() != 0, "root may"))
    func onlyRootMayChangeTheUser() async throws {
      try await onThread {
        let own = CommandProcessPlan.Credentials(
          user: getuid(), group: getgid(), supplementaryGroups: [getgid()])
        let failure = #expect(throws: CommandProcess.StartFailure.self) {
          try CommandProcess.start(plan(["true"], credentials: own))
        }
        #expect(failure?.step == .credentials)
        #expect(failure?.error.call == "setgroups")
        #expect(failure?.error.errno == EPERM)
      }
    }

    @Test
    func writingToABrokenPipeIsAnErrorAndNoSignal() async throws {
      try await onThread {
        let pipe = try Descriptors.makePipe()
        close(pipe.first.release())
        let writer = pipe.second.number
        signal(SIGPIPE, SIG_DFL)
        for _ in 0..<3 {
          let error = #expect(throws: ProcessControlError.self) {
            try [1, 2, 3].withUnsafeBytes { try Descriptors.writeQuietly(writer, $0) }
          }
          #expect(error?.errno == EPIPE)
        }
        var pending = sigset_t()
        sigpending(&pending)
        #expect(sigismember(&pending, SIGPIPE) == 0)
      }
    }
  }
}

private struct UncheckedBox<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

private func plan(
  _ arguments: [String], path: String? = nil, directory: String? = nil, output: Int32 = 2,
  credentials: CommandProcessPlan.Credentials? = nil
) -> CommandProcessPlan {
  CommandProcessPlan(
    path: path ?? "/bin/\(arguments[0])", arguments: arguments,
    environment: [Array("PATH=/usr/bin:/bin".utf8)], directory: directory,
    credentials: credentials, standardInput: 0, standardOutput: output, standardError: 2,
    tag: RunTag(run: 77, node: 78))
}

/// Whether this process may be debugged and leaves core dumps.
private var isDumpable: Bool {
  // Swift imports neither the call, which is variadic, nor this number of it.
  let getDumpable: Int32 = 3
  typealias Call = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
  guard let symbol = dlsym(nil, "prctl") else { return false }
  return unsafeBitCast(symbol, to: Call.self)(getDumpable, 0, 0, 0, 0) == 1
}

/// Ends the rest of the group once the leader has ended, and reaps the leader.
private func waitForEnd(of command: CommandProcess) throws -> ProcessTreeProcessControl.ExitStatus?
{
  var ended = pollfd(fd: command.leader.pidfd, events: Int16(POLLIN), revents: 0)
  #expect(poll(&ended, 1, 20_000) == 1)
  command.signalGroup(SIGKILL)
  return try command.leader.reap()?.status
}
