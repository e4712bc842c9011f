import ArgumentParser
import Foundation
import ProcessTreeTestSettings
import Testing

@testable import PtreeCommands

extension EndToEndTests {
  /// Commands about live runs: their help, what `ps` counts, and operations with one deadline.
  struct LiveCommandTests {
    private static let commands: [any LiveCommand.Type] = [
      PsCommand.self, LogsCommand.self, WhyCommand.self, StopCommand.self, KillCommand.self,
      WaitCommand.self, StartCommand.self, RestartCommand.self, ScaleCommand.self,
      SignalCommand.self,
    ]

    @Test func eachHasHelpOfItsOwn() throws {
      var seen: Set<String> = []
      for command in Self.commands {
        let help = PtreeCommand.helpMessage(for: command, columns: 10_000)
        let name = try #require(command.configuration.commandName)
        #expect(help.contains("Examples:\n  ptree \(name)"), "\(help)")
        #expect(help.contains("Exit codes: 0 ") && help.contains("; 3 no such run or node"))
        #expect(help.contains("; 5 the root") != (name == "ps"), "\(help)")
        #expect(seen.insert(String(help.drop { $0 != "E" }.prefix(300))).inserted)
      }
    }

    /// It would stand for the root, or for the only run.
    @Test(arguments: [
      ["start", ""], ["start", "x", ""], ["restart", "x", "", "b"], ["stop", ""],
      ["kill", "x", ""], ["scale", "x", ""], ["logs", "x", ""], ["why", ""],
      ["wait", "", "--for", "up"], ["ps", ""], ["signal", "HUP", "x", ""],
    ])
    func anEmptyNameIsAMistake(words: [String]) throws {
      let ended = try Tool(words).end()
      #expect(ended.code == 2 && ended.errors.contains("'' is the name of no run"), "\(ended)")
    }

    @Test func aNameOfTwoRunsStandsForNeither() throws {
      let name = "twin-\(getpid())"
      let file = "name: \(name)\nnodes: {a: {shell: 'exec sleep 60'}}"
      let twins = [try Tool.running(file), try Tool.running(file)]
      for twin in twins { #expect(try twin.waits(for: "/a", toBe: "up")) }
      let numbers = try twins.map { try #require(try Self.onlyRun(of: $0)["run"] as? String) }
      let named = try Tool.run("stop", name)
      #expect(named.code == 2 && named.errors.contains("'\(name)' stands for several runs:"))
      #expect(numbers.allSatisfy { named.errors.contains("  \($0)  \(name)\n") }, "\(named)")
      // Other tests may have runs too.
      let unnamed = try Tool.run("stop")
      #expect(unnamed.code == 2 && numbers.allSatisfy(unnamed.errors.contains), "\(unnamed)")
      #expect(try Tool.run("stop", numbers[0]).code == 0)
      #expect(try twins[0].end().code == -SIGTERM)
      #expect(try Tool.run("stop", name).code == 0)
      #expect(try twins[1].end().code == -SIGTERM)
    }

    @Test func psIsWhatItsSchemaSays() throws {
      let tool = try Tool.running(
        """
        nodes:
          work: {shell: 'i=0; while test $i -lt 200000; do i=$((i+1)); done; echo done; exec sleep 60'}
          waits: {shell: 'exec sleep 60', dependsOn: {never: succeeded}}
          never: {shell: 'exec sleep 60'}
          again: {shell: 'exit 3', restart: {when: always, backoff: {first: 60s}}}
        """)
      #expect(try tool.waits(for: "/again", toBe: "backoff"))
      #expect(tool.wait { tool.outputSoFar == "work | done\n" })
      let pids = try #require(try Self.onlyRun(of: tool)["pids"] as? [Int])
      // The kernel's figures for the same processes before and after.
      let before = try Self.usage(of: pids)
      let run = try Self.onlyRun(of: tool)
      let after = try Self.usage(of: pids)
      #expect(Set(pids) == Set(run["pids"] as? [Int] ?? []))
      let memory = try #require(run["memory"] as? Int)
      #expect(abs(Double(memory) / Double(after.memory) - 1) < 0.05)
      let cpu = try #require(run["cpu"] as? Double)
      #expect(before.cpu > 0 && (before.cpu - 0.001...after.cpu + 0.001).contains(cpu), "\(cpu)")
      let nodes = try tool.nodes()
      let work = nodes.first { $0["node"] as? String == "work" }
      #expect(work?["cpu"] as? Double ?? 0 > 0 && work?["memory"] as? Int ?? 0 > 0)
      #expect(run["user"] as? String == NSUserName() && run["protocol"] as? String == "1.1")
      #expect(run["tool"] as? String == "ptree \(PtreeCommand.version)")
      let text = try tool.ask("ps").output
      #expect(text.contains("CPU") && text.contains(" MiB"), "\(text)")

      let schema = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Docs/ps.schema.json").path
      let check = try Tool(
        shell: """
          python3 -c 'import jsonschema' 2>/dev/null || { echo no validator; exit; }
          for words in "" \(tool.pid); do "$PTREE" ps $words --json > shown; python3 -c '
          import json, sys, jsonschema
          jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.load(open("shown")))
          ' \(schema) && echo valid; done
          """, environment: ["PYTHONPATH": ProcessInfo.processInfo.environment["PYTHONPATH"] ?? ""]
      )
      .end()
      #expect(["valid\nvalid\n", "no validator\n"].contains(check.output), "\(check.errors)")
      try tool.stopRun()
    }

    private static func onlyRun(of tool: Tool) throws -> [String: Any] {
      let document = try #require(try tool.ask("ps", "--json").json() as? [String: Any])
      return try #require((document["runs"] as? [[String: Any]])?.first)
    }

    /// Resident memory in bytes and processor time in seconds of living processes, as the kernel
    /// counts them.
    private static func usage(of pids: [Int]) throws -> (memory: Int, cpu: Double) {
      var (pages, ticks) = (0, 0)
      for pid in pids {
        let sizes = try String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8)
        pages += Int(sizes.split(separator: " ")[1]) ?? 0
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        ticks += (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
      }
      return (pages * Int(getpagesize()), Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    @Test func aRestartWithDependentsGivesThemNewLivesToo() throws {
      let tool = try Tool.running(
        """
        nodes:
          db: {shell: 'exec sleep 60', readiness: {shell: 'true', every: 50ms}}
          web: {shell: 'exec sleep 60', dependsOn: [db], instances: 2}
          log: {shell: 'exec sleep 60'}
        """)
      #expect(try tool.waits(for: "/web-2", toBe: "up"))
      let restart = try tool.ask("restart", "db", "--cascade")
      #expect(restart.code == 0 && restart.output == "db up: with web-1, web-2\n", "\(restart)")
      let lives = try ["/db", "/web-1", "/web-2", "/log"].map { try tool.incarnation(of: $0) }
      #expect(lives == [2, 2, 2, 1])
      try tool.stopRun()
    }

    @Test func theTimeOfAPlanIsBounded() {
      #expect(RunEnd.longestStop(in: #"{"longestStop": 7}"#) == .seconds(7))
      for number in ["1e300", "-1e300"] {
        let time = RunEnd.longestStop(in: "{\"longestStop\": \(number)}")
        #expect((.zero ... .seconds(366 * 24 * 3_600)).contains(time))
      }
    }

    @Test func aSignalOfKillIsDeliveredAndNothingElse() throws {
      let tool = try Tool.running(
        "nodes: {a: {shell: 'exec sleep 60', restart: always}, b: {shell: 'exec sleep 60'}}")
      #expect(try tool.waits(for: "/b", toBe: "up"))
      let kill = try tool.ask("kill", "a", "--signal", "SEGV")
      #expect(kill.code == 0 && kill.output == "a delivered\n", "\(kill)")
      #expect(
        try tool.wait {
          try tool.nodes().contains {
            $0["address"] as? String == "/a" && $0["restarts"] as? Int == 1
          }
        })
      #expect(try tool.ask("kill", "a", "--signal", "NONE").code == 2)
      // A whole run is killed by its name only.
      let bare = try Tool.run("kill")
      #expect(bare.code == 2 && bare.errors.contains("say which run"), "\(bare)")
      #expect(try tool.ask("kill", "--signal", "15").code == 0)
      #expect(try tool.end().code == -SIGTERM)
    }

    /// Several nodes are changed at the same time, so that one deadline is enough for all of them.
    @Test func nodesAreStoppedTogether() throws {
      let deaf = "{shell: 'trap \"sleep 1; exit\" TERM; echo up; while :; do sleep 0.02; done'}"
      let tool = try Tool.running(
        "nodes: {a: \(deaf), b: \(deaf), c: \(deaf), d: \(deaf), e: {shell: 'exec sleep 60'}}")
      #expect(tool.wait { tool.outputSoFar.split(separator: "\n").count == 4 })
      let stop = try Tool(["stop", "\(tool.pid)", "a", "b", "c", "d", "--json"])
      // All of them are on their way to the end before the first is there.
      #expect(
        try tool.wait {
          try tool.nodes().count { $0["state"] as? String == "stopping" } == 4
        })
      #expect(try stop.end().lines.count == 4)
      try tool.stopRun()
    }

    private static let namespaces =
      (try? Tool.run(shell: "unshare -pf --mount-proc true"))?.code == 0

    /// In a world of processes of their own: the runs of other tests are not meant.
    @Test(.enabled(if: namespaces)) func allRunsAreStoppedAtOnce() throws {
      let run = try Tool(
        shell: """
          printf 'ptree: 1\\nnodes: {n: {shell: exec sleep 60}}\\n' > t.yaml
          exec unshare -pf --mount-proc sh -c '
          "$PTREE" stop --all-runs; echo $?
          for n in 1 2; do "$PTREE" run t.yaml --detach > /dev/null; done
          "$PTREE" stop; echo $?
          "$PTREE" stop --all-runs | grep -c "has ended"; "$PTREE" ps'
          """
      ).end()
      #expect(run.output == "no live run\n0\n2\n2\nno live run\n", "\(run)")
      #expect(try Tool.run("stop", "--all-runs", "--plan").code == 2)
    }

    /// A process id names a run, even one that has ended, and never a node of another run.
    @Test(.enabled(if: namespaces)) func aRunThatIsGoneIsNoNodeOfTheOnlyOne() throws {
      let run = try Tool(
        shell: """
          printf 'ptree: 1\\nnodes: {n: {shell: exec sleep 60}}\\n' > t.yaml
          exec unshare -pf --mount-proc sh -c '
          "$PTREE" run t.yaml --detach > /dev/null
          for word in 4194304 0a1b2c3d /4194304 nobody; do "$PTREE" stop $word; echo $?; done
          "$PTREE" scale 4194304 n=1; echo $?; "$PTREE" stop nobody --plan; echo $?
          "$PTREE" stop t n --plan; echo $?
          "$PTREE" stop --quiet'
          """
      ).end()
      #expect(run.output == "3\n3\n3\n3\n3\n3\n2\n", "\(run)")
      #expect(run.errors.contains("no live run has the process id or number 0a1b2c3d; there is:\n"))
      #expect(
        run.errors.components(separatedBy: "process id or number 4194304; there is:\n").count == 3)
      #expect(run.errors.contains("there is no run and no node '/4194304'; there are: n."))
      #expect(run.errors.contains("there is no run and no node 'nobody'; there are: n."))
    }

    /// A time that is over ends the command and not the run.
    @Test func aTimeForTheStopOfARunIsOneDeadline() throws {
      let tool = try Tool.running(
        "nodes: {deaf: {shell: 'trap \"\" TERM; echo up; while :; do sleep 0.1; done', stop: {within: 2s}}}"
      )
      #expect(tool.wait { tool.outputSoFar == "deaf | up\n" })
      let stop = try tool.ask("stop", "--timeout", "0.2")
      #expect(stop.code == 124 && stop.errors.contains("has not ended"), "\(stop)")
      #expect(try tool.ask("stop").code <= 1)
      #expect(try tool.end().code == -SIGTERM)
    }
  }
}
