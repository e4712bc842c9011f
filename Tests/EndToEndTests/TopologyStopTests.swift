import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// How nodes of a file are stopped, and what is left of them.
  struct TopologyStopTests {
    private func start(_ text: String, method: String = "forkServer") throws -> Tool {
      try Tool(
        shell:
          "printf '%s' \"$TEXT\" > t.yaml; exec \"$PTREE\" run t.yaml --quiet --timeout 60 --start-method \(method)",
        environment: ["TEXT": "ptree: 1\n" + text])
    }

    /// Signals that a node ignores, its `stop`, and what it notes before it has gone.
    static let stops: [(trap: String, stop: String, note: String, isQuick: Bool)] = [
      (
        "trap '' TERM; trap 'echo INT > note; exit 0' INT", "{signal: INT, within: 30s}", "INT",
        true
      ),
      ("trap '' TERM INT", "{signal: INT, within: 1s}", "", false),
      (
        "echo $$ > pid; trap '' TERM; trap 'echo USR1 > note; exit 0' USR1",
        "{command: [sh, -c, 'kill -USR1 $(cat pid)'], within: 30s}", "USR1", true
      ),
      // A command that hangs ends with the node, and so does one that ignores all signals.
      ("trap '' TERM", "{command: [sleep, '300'], within: 1s}", "", false),
      ("trap '' TERM", "{command: [sh, -c, \"trap '' TERM; sleep 300\"], within: 1s}", "", false),
      // One that cannot start leaves it to the signal.
      (
        "trap 'echo TERM > note; exit 0' TERM", "{command: [./gone], within: 30s}", "TERM", true
      ),
      // It sees the end, and clears up.
      (
        "echo $$ > pid; trap 'exit 0' TERM",
        "{command: [sh, -c, 'p=$(cat pid); kill $p; while kill -0 $p; do sleep 0.02; done; echo clear > note'], within: 30s}",
        "clear", true
      ),
    ]

    @Test(arguments: stops.indices, startMethods)
    func aNodeIsStoppedAsItsFileSays(number: Int, method: String) throws {
      let (trap, stop, note, isQuick) = Self.stops[number]
      let tool = try Tool(
        shell: """
          printf '#!/bin/sh\\n' > gone; chmod +x gone; printf '%s' "$TEXT" > t.yaml
          exec "$PTREE" run t.yaml --quiet --timeout 60 --start-method \(method)
          """,
        environment: [
          "TEXT": """
          ptree: 1
          nodes:
            a:
              shell: |
                \(trap)
                rm -f gone; echo up; while true; do sleep 0.02; done
              stop: \(stop)
          """
        ])
      #expect(tool.wait { tool.outputSoFar.contains("up") })
      let start = ContinuousClock.now
      tool.signal(SIGTERM)
      let run = try tool.end()
      #expect(run.code == -SIGTERM, "\(run.errors)")
      let time = ContinuousClock.now - start
      #expect(isQuick ? time < .seconds(15).scaled : time >= .seconds(1), "\(time)")
      let written = try? String(contentsOfFile: tool.directory.path + "/note", encoding: .utf8)
      #expect((written ?? "").trimmingCharacters(in: .newlines) == note)
    }

    @Test func theEndOfARunStopsServicesThatIgnoreIt() throws {
      let start = ContinuousClock.now
      let run = try self.start(
        """
        endsWith: [tests]
        defaults: {stop: {within: 1s}}
        nodes:
          one: &service {shell: "trap '' TERM INT; mkdir -p g; touch $PTREE_NODE; sleep 300 & setsid sleep 300 & wait; sleep 300", readiness: {file: one}}
          g: {nodes: {two: {<<: *service, readiness: {file: g/two}}}}
          tests: {shell: exit 3, dependsOn: [one, g]}

        """
      ).end()
      #expect(run.code == 3, "\(run.errors)")
      #expect(ContinuousClock.now - start < .seconds(15).scaled)
    }

    /// What a life has left, in its group or in a session of its own, is gone before the next one.
    @Test(arguments: startMethods) func nothingOfALifeIsLeftInTheNext(method: String) throws {
      let run = try start(
        """
        supervision: {intensity: {restarts: 30, period: 60s}}
        nodes:
          a:
            shell: |
              echo life >> lives
              test $(wc -l < lives) -gt 20 && exit 0
              for p in /proc/[0-9]*; do
                if test "$(readlink $p/cwd)" = "$PWD" && grep -qsz ^leftover $p/cmdline; then echo left; fi
              done
              bash -c 'exec -a leftover sleep 300' & setsid bash -c 'exec -a leftover sleep 300' &
              (setsid bash -c 'exec -a leftover sleep 300 &') &
              sleep 0.05
              exit 1
            restart: onFailure
        """, method: method
      ).end()
      #expect(run.code == 0 && run.output == "", "\(run.output)\(run.errors)")
    }

    @Test func aTimeLimitOfAGroupEndsIt() throws {
      let run = try start(
        "nodes: {g: {timeLimit: 300ms, nodes: {a: {shell: sleep 60}}}}\n"
      ).end()
      #expect(run.code == 1 && run.errors.contains("longer than its timeLimit of 300ms"))
    }

    @Test func aNodeThatIsManualIsListedAndStartedByHand() throws {
      let tool = try start(
        """
        nodes:
          a: {shell: 'until test -e started; do sleep 0.02; done'}
          b: {shell: 'touch started; echo b', start: manual}

        """)
      #expect(
        tool.wait {
          (try? Tool.run("ps", String(tool.pid), environment: ["TMPDIR": tool.directory.path]))?
            .output.contains("b") == true
        })
      let start = try Tool.run(
        "start", String(tool.pid), "b", environment: ["TMPDIR": tool.directory.path])
      #expect(start.code == 0, "\(start.errors)")
      let run = try tool.end()
      #expect(run.code == 0 && run.lines == ["b | b"], "\(run.errors)")
    }
  }
}
