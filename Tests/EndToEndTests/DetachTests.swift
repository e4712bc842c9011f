import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Runs that go on without the terminal from which they were started.
  struct DetachTests {
    /// Starts a file detached, under a name that no other run has.
    private func start(_ file: String, _ options: String = "") throws -> Tool {
      try Tool(
        shell:
          "printf '%s' \"$TEXT\" > far-$$.yaml; exec \"$PTREE\" run far-$$.yaml --detach \(options)",
        environment: ["TEXT": "ptree: 1\n" + file])
    }

    /// Waits for the end of the starter, whose run may go on.
    private func starterEnds(_ tool: Tool) -> Bool { tool.wait { !tool.isRunning } }

    private func run(of tool: Tool) throws -> String {
      try #require(tool.outputSoFar.split(separator: " ").first.map(String.init))
    }

    @Test func itReturnsWhenAllAreUpAndTheRunGoesOn() throws {
      let tool = try start(
        """
        nodes:
          soon: {shell: 'sleep 0.5; touch here; exec sleep 60', readiness: {file: here}}
          done: {shell: 'echo written'}
          man: {shell: 'echo by hand; exec sleep 60', start: manual}
        """, "--log out")
      #expect(starterEnds(tool))
      #expect(tool.outputSoFar.hasSuffix(" far-\(tool.pid)\n"), "\(tool.errorsSoFar)")
      let run = try run(of: tool)
      #expect(try Tool.run("wait", run, "soon", "--for", "up", "--timeout", "0.1").code == 0)
      #expect(try Tool.run("logs", run, "done").output == "done | written\n")
      #expect(try Tool.run("ps").lines.contains { $0.hasPrefix(run) && $0.contains(" up ") })
      // A session of its own: no terminal's end reaches it.
      let root = try #require(try rootPID(of: run))
      #expect(getsid(root) == root)
      #expect(try Tool.run("start", run, "man").code == 0)
      #expect(try Tool.run("stop", run).code == 0)
      let log = try String(contentsOfFile: tool.directory.path + "/out", encoding: .utf8)
      #expect(log.contains("done | written") && log.contains("man | by hand"))
      #expect(try tool.end().code == 0)
    }

    private func rootPID(of run: String) throws -> pid_t? {
      let document = try Tool.run("ps", run, "--json").json() as? [String: Any]
      let runs = document?["runs"] as? [[String: Any]]
      return (runs?.first?["rootPid"] as? Int).map { pid_t($0) }
    }

    @Test func aRunWhoseNumberCannotBeToldIsStopped() throws {
      let run = try start("nodes: {a: {shell: 'exec sleep 60'}}", ">&-").end()
      #expect(
        run.code == 1 && run.errors.contains("standard output: Bad file descriptor"), "\(run)")
    }

    @Test func aRunThatFailsBeforeItIsUpSaysWhyAndLeavesNothing() throws {
      let ended = try start(
        """
        nodes:
          other: {shell: 'exec sleep 60'}
          never: {shell: 'exec sleep 60', readiness: {file: nowhere, within: 0.5s}}
        """
      ).end()
      #expect(ended.code == 1 && ended.output.isEmpty)
      #expect(ended.errors.contains("failed: never") && ended.errors.contains("not up within"))
    }

    /// No check shows whether such a node does its work: it counts as up as soon as it runs.
    @Test func aNodeThatFailsAtOnceFailsTheStart() throws {
      let ended = try start(
        "nodes: {a: {shell: 'echo no; exit 3'}, b: {shell: 'exec sleep 60'}}"
      ).end()
      #expect(ended.code == 1 && ended.output.isEmpty, "\(ended)")
      #expect(ended.errors.contains("failed: a exited with code 3"), "\(ended)")
    }

    @Test func aRunThatIsNotUpInTimeIsStopped() throws {
      let ended = try start(
        "nodes: {slow: {shell: 'exec sleep 60', readiness: {file: nowhere, within: 60s}}}",
        "--wait 1"
      ).end()
      #expect(ended.code == 124 && ended.output.isEmpty)
      #expect(ended.errors.contains("slow is started and waits"), "\(ended.errors)")
    }

    @Test func aRunWhoseRootIsKilledIsNoSilentEnd() throws {
      let tool = try start(
        "nodes: {slow: {shell: 'kill -9 $(cut -d \" \" -f 4 /proc/$PPID/stat); exec sleep 60', readiness: {file: nowhere}}}"
      )
      let ended = try tool.endLeavingNothing()
      #expect(ended.code == 137 && ended.errors.contains("with signal 9"), "\(ended.errors)")
    }

    @Test func aRunThatHasDoneItsWorkIsASuccess() throws {
      let ended = try start("nodes: {a: {shell: 'exit 0'}}").end()
      #expect(ended.code == 0)
      let failed = try start(
        "nodes: {a: {shell: 'exit 3'}, b: {shell: 'exec sleep 60', readiness: {file: nowhere, within: 60s}}}"
      ).end()
      #expect(failed.code == 1 && failed.errors.contains("a exited with code 3"), "\(failed)")
    }

    @Test func aRunWhoseRootIsSuspendedIsStoppedAllTheSame() throws {
      let ended = try start(
        "nodes: {slow: {shell: 'kill -STOP $(cut -d \" \" -f 4 /proc/$PPID/stat); exec sleep 60', readiness: {file: nowhere}}}",
        "--wait 0.5"
      ).end()
      #expect(ended.code == 124 && ended.errors.contains("is not up after 0.5 s and is stopped"))
    }

    @Test func aStarterThatIsInterruptedTakesTheRunWithIt() throws {
      let tool = try start(
        "nodes: {slow: {shell: 'exec sleep 60', readiness: {file: nowhere, within: 60s}}}")
      #expect(tool.wait { tool.processes.count > 3 })
      tool.signal(SIGINT)
      #expect(try tool.end().code == -SIGINT)
    }

    @Test func mistakesAreFoundBeforeAnythingIsDetached() throws {
      let ended = try start("nodes: {a: {shell: x, timeLimit: 5}}").end()
      #expect(ended.code == 2 && ended.errors.contains("nothing was started"))
      #expect(try start("nodes: {a: {shell: x}}", "--log /nowhere/x").end().code == 2)
    }
  }
}
