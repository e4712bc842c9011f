import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Changes of live runs from outside, at bad moments and many at once.
  struct LiveChangeTests {
    @Test func aNodeThatStartsByHandWaitsForWhatItDependsOn() throws {
      let tool = try Tool.running(
        """
        nodes:
          db: {shell: 'exec sleep 60', restart: always}
          late: {shell: 'exec sleep 60', dependsOn: {db: started}, start: manual}
        """)
      #expect(try tool.waits(for: "/db", toBe: "up"))
      #expect(try tool.state(of: "/late") == "stopped")
      // Nobody waits for it.
      #expect(try tool.ask("wait", "--for", "up", "--timeout", "5").code == 0)
      #expect(try tool.ask("stop", "db").code == 0)
      let early = try tool.ask("start", "late", "--timeout", "0.2")
      #expect(early.code == 124 && early.errors.contains("late is waiting"), "\(early.errors)")
      #expect(try tool.ask("start", "db").code == 0)
      #expect(try tool.waits(for: "/late", toBe: "up"))
      try tool.stopRun()
    }

    @Test func aRunIsOverWhenOnlyNodesThatStartByHandAreLeft() throws {
      let ended = try Tool.running(
        "nodes: {a: {shell: echo a}, m: {shell: echo m, start: manual}}"
      ).end()
      #expect(ended.code == 0 && ended.output == "a | a\n")
    }

    @Test func manyStopsAtOnceAreOne() throws {
      let tool = try Tool.running(
        "nodes: {a: {shell: 'exit 1', restart: always}, b: {shell: 'exec sleep 60'}}\nsupervision: {intensity: {restarts: 1000, period: 60s}}\n"
      )
      #expect(try tool.waits(for: "/b", toBe: "up"))
      let stops = try Tool.run(
        shell: """
          i=0; while [ $i -lt 50 ]; do ("$PTREE" stop \(tool.pid) >out-$i 2>&1; echo $? >>out-$i) & i=$((i+1)); done
          wait; cat out-*
          """)
      // One that comes when the run has gone finds no run.
      let codes = stops.lines.filter { Int($0) != nil }
      #expect(codes.count == 50 && codes.contains("0"))
      #expect(codes.allSatisfy { $0 == "0" || $0 == "3" }, "\(stops.output)")
      let ends = stops.lines.count { $0.hasSuffix("has ended") }
      #expect(ends == codes.count { $0 == "0" } && !stops.output.contains("SIGTERM"))
      #expect(try tool.end().code == -SIGTERM)
    }

    @Test func manyRestartsAtOnceGiveOneLife() throws {
      let tool = try Tool.running(
        "nodes: {a: {shell: 'trap \"sleep 2; exit 0\" TERM; echo up; while :; do sleep 0.1; done'}}"
      )
      #expect(tool.wait { tool.outputSoFar == "a | up\n" })
      let restarts = try Tool.run(
        shell: """
          i=0; while [ $i -lt 20 ]; do ("$PTREE" restart \(tool.pid) a; echo $?) & i=$((i+1)); done; wait
          """)
      #expect(restarts.lines.filter { $0 == "0" }.count == 20, "\(restarts)")
      #expect(try tool.incarnation(of: "/a") == 2)
      try tool.stopRun()
    }

    @Test func restartsByHandAreNoFailures() throws {
      let tool = try Tool.running(
        "nodes: {a: {shell: 'exec sleep 60', restart: always}}\nsupervision: {intensity: {restarts: 2, period: 60s}}\n"
      )
      #expect(try tool.waits(for: "/a", toBe: "up"))
      for _ in 0..<10 { #expect(try tool.ask("restart", "a").code == 0) }
      #expect(try tool.incarnation(of: "/a") == 11)
      try tool.stopRun()
    }

    @Test func aRestartEndsABackoffAndAWait() throws {
      let tool = try Tool.running(
        """
        nodes:
          flaps: {shell: 'test -e ok && exec sleep 60; exit 1', restart: {when: always, backoff: {first: 60s}}}
          waits: {shell: 'exec sleep 60', dependsOn: {never: succeeded}}
          never: {shell: 'exec sleep 60'}
        """)
      #expect(try tool.waits(for: "/flaps", toBe: "backoff"))
      #expect(FileManager.default.createFile(atPath: tool.directory.path + "/ok", contents: nil))
      #expect(try tool.ask("restart", "flaps").code == 0)
      #expect(try tool.state(of: "/flaps") == "up")
      let waits = try tool.ask("restart", "waits", "--timeout", "0.2")
      #expect(waits.code == 124)
      #expect(try tool.state(of: "/waits") == "waiting")
      try tool.stopRun()
    }

    @Test func aStopSaysWhichNodeHadToBeKilled() throws {
      let tool = try Tool.running(
        "nodes: {a: {shell: 'exec sleep 60'}, deaf: {shell: 'trap \"\" TERM INT; echo up; while :; do sleep 0.1; done', stop: {within: 1s}}}"
      )
      #expect(tool.wait { tool.outputSoFar == "deaf | up\n" })
      let stop = try tool.ask("stop")
      #expect(stop.code == 1 && stop.output.contains("deaf had to be ended by SIGKILL"), "\(stop)")
      #expect(try tool.end().code == -SIGTERM)
    }

    @Test func aNumberOfInstancesHasABound() throws {
      let tool = try Tool.running("nodes: {w: {shell: 'exec sleep 60', instances: 1}}")
      #expect(try tool.waits(for: "/w-1", toBe: "up"))
      #expect(try tool.ask("scale", "w=1001").code == 2)
      #expect(try tool.ask("scale", "w=0").code == 0)
      #expect(try tool.wait { try tool.state(of: "/w-1") == nil })
      #expect(try tool.ask("scale", "w=2").code == 0)
      #expect(try tool.state(of: "/w-2") == "up")
      try tool.stopRun()
    }

    @Test func workersOfAStageAreScaledAndNotStopped() throws {
      let tool = try Tool.running(
        """
        nodes:
          sizes:
            pipeline:
              from: {command: [sh, -c, 'seq 50; while [ ! -e go ]; do sleep 0.05; done; seq 51 100']}
              stages: [{name: measure, command: [sed, -u, "s/^/m/"], mode: answer, workers: 2}]
              to: {file: out}
        """)
      let worker = "sizes/measure-1"
      #expect(try tool.wait { try tool.ask("why", worker).code == 0 })
      for verb in ["stop", "kill", "restart"] {
        let refused = try tool.ask(verb, worker)
        #expect(refused.code == 4 && refused.errors.contains("scale the stage"), "\(refused)")
      }
      #expect(try tool.ask("kill", worker, "--signal", "KILL").code == 0)
      #expect(try tool.ask("scale", "sizes/measure=1").code == 0)
      #expect(FileManager.default.createFile(atPath: tool.directory.path + "/go", contents: nil))
      #expect(try tool.end().code == 0)
      let records = try String(contentsOfFile: tool.directory.path + "/out", encoding: .utf8)
      let numbers = records.split(separator: "\n").compactMap { Int($0.dropFirst()) }
      #expect(numbers.sorted() == Array(1...100))
    }

    @Test func aGroupTakesSignalsThatStopItAndEndIt() throws {
      let tool = try Tool.running(
        "nodes: {g: {nodes: {x: {shell: 'exec sleep 60'}}, restart: always}}")
      #expect(try tool.waits(for: "/g/x", toBe: "up"))
      for _ in 0..<3 {
        #expect(try tool.ask("kill", "g", "--signal", "STOP").code == 0)
        #expect(try tool.ask("kill", "g", "--signal", "CONT").code == 0)
        #expect(try tool.wait { try tool.ask("why", "g/x").code == 0 })
      }
      let killed = try tool.ask("kill", "g", "--signal", "KILL")
      #expect(killed.code == 0 && killed.output == "g delivered\n", "\(killed)")
      #expect(try tool.wait { try tool.incarnation(of: "/g") == 2 })
      try tool.stopRun()
    }

    /// All of them report which node had to be killed.
    @Test func moreStopsThanTheDeskHasPlacesAreOne() throws {
      let tool = try Tool.running(
        "nodes: {deaf: {shell: 'trap \"\" TERM INT; echo up; while :; do sleep 0.1; done', stop: {within: 10s}}}"
      )
      #expect(tool.wait { tool.outputSoFar == "deaf | up\n" })
      let stops = try Tool.run(
        shell: """
          i=0; while [ $i -lt 45 ]; do ("$PTREE" stop \(tool.pid) >out-$i 2>&1; echo $? >>out-$i) & i=$((i+1)); done
          wait; cat out-*
          """)
      #expect(stops.lines.count { $0 == "1" } == 45, "\(stops.output)")
      let accounts = stops.lines.count { $0.contains("deaf had to be ended by SIGKILL") }
      #expect(accounts == 45 && stops.lines.count == 90)
      #expect(try tool.end().code == -SIGTERM)
    }
  }
}
