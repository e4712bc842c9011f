import Foundation
import ProcessTreeTestSettings
import Testing

@testable import PtreeCommands

extension EndToEndTests {
  struct EndingTests {
    /// A tree that stays up, once all seven nodes have sent their names.
    private func holdingTree(_ arguments: String...) throws -> Tool {
      let tool = try Tool(["run", "names", "--hold", "60", "--quiet"] + arguments)
      #expect(tool.wait { tool.outputSoFar.contains("Process-2:2") }, "\(tool.errorsSoFar)")
      #expect(tool.processes.count >= 7)
      return tool
    }

    @Test(arguments: startMethods)
    func aRunHasItsTime(method: String) throws {
      let start = ContinuousClock.now
      let run = try Tool.run(
        "run", "names", "--hold", "60", "--timeout", "1", "--quiet", "--start-method", method)
      #expect(run.code == 124)
      #expect(run.errors.hasPrefix("ptree: timed out after 1"))
      #expect(ContinuousClock.now - start < .seconds(20).scaled)
    }

    @Test func workInAGroupHasItsTimeToo() throws {
      let run = try Tool.run("run", "squares", "100000", "--timeout", "0.5", "--quiet")
      #expect(run.code == 124)
      #expect(run.output == "")
    }

    @Test(arguments: startMethods, [SIGINT, SIGTERM, SIGHUP])
    func aSignalEndsTheTreeInOrder(method: String, signal: Int32) throws {
      let tool = try holdingTree("--start-method", method)
      tool.signal(signal)
      #expect(try tool.end().code == -signal)
    }

    @Test func aSignalEndsAGroupThatIsStillStartingChildren() throws {
      let tool = try Tool(["run", "squares", "100000"])
      #expect(tool.wait { tool.errorsSoFar.contains("Process-20 exited") })
      tool.signal(SIGINT)
      let ended = try tool.end()
      #expect(ended.code == -SIGINT)
      #expect(ended.output == "")
      #expect(!ended.errors.contains("ptree: "))
    }

    @Test(arguments: startMethods)
    func aQuitSignalExplainsEveryNode(method: String) throws {
      let tool = try holdingTree("--start-method", method)
      let stopped = try #require(tool.processes.first { tool.name(of: $0) == "Process-1" })
      kill(stopped, SIGSTOP)
      tool.signal(SIGQUIT)
      #expect(tool.wait { tool.errorsSoFar.contains("\n---\n") }, "\(tool.errorsSoFar)")
      let text = tool.errorsSoFar
      for part in [
        "--- 7 nodes\n/ (MainProcess, pid ",
        "/#1 (Process-1, pid \(stopped)): up\n  did not answer within ",
        ": its process is stopped\n", "no stack: the process is stopped",
        "/#2/#2 (Process-2:2, pid ",
      ] {
        #expect(text.contains(part), "\(part) in \(text)")
      }
      // It goes on.
      kill(stopped, SIGCONT)
      tool.signal(SIGTERM)
      #expect(try tool.end().code == -SIGTERM)
    }

    @Test func aFailedRunLeavesAPostMortem() throws {
      let run = try Tool.run(
        "run", "names", "--hold", "60", "--timeout", "1", "--quiet", "--post-mortem", "bundle")
      #expect(run.code == 124)
      let line = "process-tree: post-mortem: bundle/post-mortem-"
      #expect(run.errors.contains(line), "\(run.errors)")
    }

    @Test func aSlowEndSaysWhatItWaitsFor() throws {
      let tool = try Tool(["run", "names", "--hold", "60"])
      #expect(tool.wait { tool.outputSoFar.contains("Process-2:2") }, "\(tool.errorsSoFar)")
      // A child that does not listen, as one that computes does not.
      let pid = try #require(
        try /Process-1 started \(pid (\d+)\)/.firstMatch(in: tool.errorsSoFar)?.1)
      kill(try #require(Int32(pid)), SIGSTOP)
      tool.signal(SIGINT)
      #expect(tool.wait { tool.errorsSoFar.contains("ptree: waiting for Process-1 (pid \(pid), ") })
      #expect(tool.wait { tool.errorsSoFar.contains(" to end; a second Ctrl-C kills them\n") })
      tool.signal(SIGINT)
      // The tool has killed them all and dies at once.
      #expect(tool.wait { tool.processes.isEmpty })
      #expect(try tool.end().code == -SIGINT)
    }

    @Test(arguments: [1, 2, 5])
    func theNoticeCountsChildren(number: Int) {
      let children = (1...number).map { "Process-\($0)" }
      let others = [1: "", 2: " and 1 other child", 5: " and 4 other children"]
      #expect(
        StopNotice.text(children, askedBy: "SIGTERM")
          == "ptree: waiting for Process-1\(others[number] ?? "?") to end; a second SIGTERM kills them"
      )
      #expect(StopNotice.text([], askedBy: nil) == nil)
      let asked = StopNotice.text(children, askedBy: "ptree (pid 7, user 0)")
      #expect(asked?.hasSuffix(" to end; ptree kill kills them") == true)
    }

    /// A reader that has seen enough ends the run, without a word, though nothing more is written.
    @Test func aReaderThatLeavesEndsTheRun() throws {
      let start = ContinuousClock.now
      let run = try Tool.run(
        shell: """
          exec 3>&1
          { "$PTREE" run names --hold 60 --events - 2>errors; echo $? >&3; } | head -n 13 >/dev/null
          sed 's/ .*//' errors | sort -u >&3
          """)
      #expect(run.lines.first == "141")
      #expect(ContinuousClock.now - start < .seconds(20).scaled)
      #expect(!run.output.contains("ptree:"))
    }

    @Test(arguments: startMethods)
    func nothingOutlivesAKilledTool(method: String) throws {
      let tool = try holdingTree("--start-method", method)
      tool.signal(SIGKILL)
      #expect(tool.wait(.seconds(2)) { tool.processes.isEmpty }, "left: \(tool.processes)")
      #expect(try tool.end().code == -SIGKILL)
    }

    @Test func filesOfTheRunGoWithIt() throws {
      let tool = try Tool(["run", "squares", "3"])
      _ = try tool.end()
      let runs = tool.directory.path + "/process-tree-\(getuid())"
      #expect(try FileManager.default.contentsOfDirectory(atPath: runs) == [])
    }
  }
}
