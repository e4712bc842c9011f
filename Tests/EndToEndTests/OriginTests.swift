import Foundation
import Testing

extension EndToEndTests {
  /// The state that the tool inherits from its starter.
  struct OriginTests {
    /// The processes of a run of `names`, by their lines on standard output: the root first.
    private func namedProcesses(of tool: Tool) -> [Int32] {
      tool.outputSoFar.split(separator: "\n").compactMap { line in
        line.firstMatch(of: /: pid (\d+)/).flatMap { Int32($0.1) }
      }
    }

    @Test(arguments: startMethods)
    func nohupIsMeantForEveryNode(method: String) throws {
      let tool = try Tool(
        shell: """
          exec nohup "$PTREE" run names --hold 2 --quiet --start-method \(method)
          """)
      #expect(tool.wait { namedProcesses(of: tool).count == 7 }, "\(tool.errorsSoFar)")
      for process in namedProcesses(of: tool) { kill(process, SIGHUP) }
      #expect(try tool.end().code == 0)
    }

    @Test func aBackgroundJobOfAScriptIsNotInterrupted() throws {
      let run = try Tool.run(
        shell: """
          touch names
          "$PTREE" run names --hold 2 > names & job=$!
          while [ "$(wc -l < names)" -lt 7 ]; do sleep 0.05; done
          kill -INT $job
          wait $job
          """)
      #expect(run.code == 0, "\(run.errors)")
    }

    @Test func anIgnoredSIGCHLDLosesNoCommand() throws {
      let run = try Tool.run(
        shell: """
          printf 'one\\ntwo\\n' | gzip > file.gz
          trap '' CHLD
          exec "$PTREE" run lines file.gz --quiet --json
          """)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.contains("\"lines\":2"))
    }

    /// A shell goes on after an exit with 130, whatever the key was.
    @Test func aLoopOfAShellEndsWithItsRun() throws {
      let tool = try Tool(
        shell: """
          exec bash -c 'for turn in 1 2 3; do "$PTREE" run names --hold 60 --quiet; echo NEXT; done'
          """)
      #expect(tool.wait { namedProcesses(of: tool).count == 7 }, "\(tool.errorsSoFar)")
      // As a terminal does: the shell and the tool.
      tool.signalGroup(SIGINT)
      let ended = try tool.end()
      #expect(ended.code == -SIGINT)
      #expect(!ended.output.contains("NEXT"))
    }

    /// The kernel ignores Ctrl-Z where no shell could continue the program; so do the nodes.
    @Test(arguments: startMethods)
    func ctrlZIsIgnoredWhereNobodyCouldContinue(method: String) throws {
      let tool = try Tool(
        shell: """
          exec setsid --wait "$PTREE" run names --hold 2 --quiet --start-method \(method)
          """)
      #expect(tool.wait { namedProcesses(of: tool).count == 7 }, "\(tool.errorsSoFar)")
      let root = try #require(namedProcesses(of: tool).first)
      kill(root, SIGTSTP)
      let hasEnded = tool.wait(.seconds(60)) { tool.processes.isEmpty }
      #expect(hasEnded, "stopped for ever")
      if !hasEnded { for process in tool.processes { kill(process, SIGKILL) } }
      #expect(try tool.end().code == 0)
    }

    @Test(.enabled(if: canMakeNamespaces))
    func theFirstProcessOfANamespaceIsARootAsAnyOther() throws {
      let first = "exec unshare -pf --mount-proc --kill-child"
      let counted = try Tool.run(shell: "\(first) \"$PTREE\" run squares 3 --quiet")
      #expect(counted.code == 0)
      #expect(counted.lines.count == 3)
      // The kernel lets no signal of its own end it.
      let interrupted = try Tool.run(
        shell: """
          touch names
          \(first) sh -c '
            (while [ "$(wc -l < names)" -lt 7 ]; do sleep 0.05; done; kill -INT 1) &
            exec "$PTREE" run names --hold 60 --quiet > names'
          """)
      #expect(interrupted.code == 130)
    }

    /// Of programs that count up to it, some take long, and some fail.
    @Test func aCommandHasTheLimitOfOpenFilesThatTheRunWasStartedWith() throws {
      let run = try Tool.run(
        shell: """
          mkdir bin
          printf '#!/bin/sh\\nulimit -n\\n' > bin/gzip
          chmod +x bin/gzip
          touch file.gz
          ulimit -Sn 300
          PATH="$PWD/bin:$PATH" exec "$PTREE" run lines file.gz --quiet --json
          """)
      #expect(run.output.contains("\"bytes\":4"), "\(run.output)\(run.errors)")
    }

    private static let canMakeNamespaces =
      (try? Tool.run(shell: "unshare -pf --mount-proc true").code) == 0
  }
}
