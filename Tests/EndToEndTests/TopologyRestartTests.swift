import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Which nodes of a file have another life, and when a group gives up.
  struct TopologyRestartTests {
    private func run(_ text: String, _ options: String...) throws -> Tool.Ended {
      try Tool(
        shell: """
          printf '%s' "$TEXT" > t.yaml
          "$PTREE" run t.yaml --timeout 60 \(options.joined(separator: " "))
          code=$?; cat events.jsonl 2> /dev/null; exit $code
          """, environment: ["TEXT": "ptree: 1\n" + text]
      ).end()
    }

    /// Each node notes its lives; one of them, `victim`, fails in its first.
    private static func three(_ strategy: String, victim: String) -> String {
      let nodes = ["a", "b", "c"].map { name in
        """
          \(name):
            shell: |
              echo life >> \(name); touch up.\(name).$(wc -l < \(name))
              until test -e up.a.1 && test -e up.b.1 && test -e up.c.1; do sleep 0.02; done
              if test \(name) = \(victim) && test $(wc -l < \(name)) = 1; then exit 1; fi
              until test -e done; do sleep 0.02; done
            restart: always

        """
      }
      return """
        supervision: {strategy: \(strategy)}
        endsWith: [end]
        nodes:
        \(nodes.joined())  end:
            restart: onFailure
            shell: |
              until test -e up.\(victim).2; do sleep 0.02; done
              sleep 0.3; wc -l a b c | head -n 3 | awk '{ printf "%s%s", $2, $1 }'

        """
    }

    static let strategies = [
      ("oneForOne", "a", "a2b1c1"), ("oneForOne", "b", "a1b2c1"), ("oneForOne", "c", "a1b1c2"),
      ("oneForAll", "a", "a2b2c2"), ("oneForAll", "b", "a2b2c2"), ("oneForAll", "c", "a2b2c2"),
    ]

    @Test(arguments: strategies)
    func aStrategyReplacesWhomItShould(strategy: String, victim: String, lives: String) throws {
      let run = try run(Self.three(strategy, victim: victim), "--quiet")
      #expect(run.lines == ["end | \(lives)"], "\(run.output)\(run.errors)")
    }

    /// The last node, `end`, is replaced with those behind the victim.
    @Test(arguments: [("a", "a2b2c2"), ("b", "a1b2c2"), ("c", "a1b1c2")])
    func restForOneReplacesThoseBehind(victim: String, lives: String) throws {
      let run = try run(Self.three("restForOne", victim: victim), "--quiet")
      #expect(run.lines.last == "end | \(lives)", "\(run.output)\(run.errors)")
    }

    @Test func oneThatIsNeverUpIsTriedAgainUntilTheGroupGivesUp() throws {
      let run = try run(
        """
        supervision: {intensity: {restarts: 2, period: 60s}}
        nodes:
          a:
            shell: sleep 60
            readiness: {file: nowhere, within: 2s}
            restart: {when: onFailure, backoff: {first: 100ms, factor: 3}}

        """, "--quiet", "--events", "events.jsonl")
      #expect(run.code == 1)
      let delays = run.lines.filter { $0.contains("\"restarting\"") }
      #expect(delays.count == 2, "\(run.output)")
      let ends = run.lines.filter { $0.contains("\"exited\"") && $0.contains("\"a\"") }
      #expect(ends.count == 3, "\(run.output)")
      #expect(ends.allSatisfy { $0.contains("\"cause\":\"couldNotStart\"") }, "\(ends)")
      #expect(run.errors.contains("it was not up within 2.0 s"), "\(run.errors)")
      // The whole chain stands in one line.
      let last = run.errors.split(separator: "\n").last ?? ""
      #expect(last.hasPrefix("ptree: t failed: a could not start: file "), "\(last)")
      #expect(last.contains(" 3 times in ") && last.hasSuffix("; t gave up"), "\(last)")
    }

    @Test func aDependentWaitsThroughTheFailuresOfItsDependency() throws {
      let run = try run(
        """
        nodes:
          a:
            shell: |
              echo life >> lives; test $(wc -l < lives) -ge 3 || exit 1
              touch up; sleep 60
            readiness: {file: up, every: 20ms}
            restart: {when: onFailure, backoff: {first: 100ms}}
          b: {shell: 'echo b >> starts; cat lives starts', dependsOn: [a]}
        endsWith: [b]

        """, "--quiet")
      #expect(run.code == 0 && run.lines == ["b | life", "b | life", "b | life", "b | b"])
    }

    /// The group has another life as a whole, when it has used up its own restarts.
    @Test func aGroupThatGivesUpIsStartedAgain() throws {
      let run = try run(
        """
        supervision: {intensity: {restarts: 1, period: 60s}}
        nodes:
          g:
            restart: onFailure
            supervision: {strategy: oneForAll, intensity: {restarts: 2, period: 60s}}
            nodes:
              y: {shell: 'echo y; sleep 60', restart: onFailure}
              x: {shell: 'echo x; exit 1', restart: onFailure, dependsOn: {y: started}}

        """, "--quiet")
      #expect(run.code == 1)
      // Three lives of each in each of the two lives of the group.
      #expect(run.lines.count { $0 == "x | x" } == 6, "\(run.output)")
      let last = run.errors.split(separator: "\n").last ?? ""
      #expect(last.contains("; g gave up 2 times in") && last.hasSuffix("; t gave up"), "\(last)")
    }

    /// Each kill of its process is a failure of the group, until that above has seen too many.
    @Test(arguments: startMethods)
    func aGroupWhoseProcessIsKilledAgainAndAgainFailsTheRun(method: String) throws {
      let tool = try Tool.running(
        """
        supervision: {intensity: {restarts: 2, period: 60s}}
        nodes:
          g:
            restart: onFailure
            nodes:
              x: {shell: 'setsid sleep 300 & sleep 300 & wait', restart: always}
              h: {nodes: {y: {shell: 'exec sleep 300'}}}
          other: {shell: 'exec sleep 300'}

        """, "--quiet --start-method \(method)")
      for life in 1...3 {
        #expect(
          try tool.wait {
            let up = try tool.nodes().filter { $0["state"] as? String == "up" }
            let lives = up.reduce(into: [String: Int]()) {
              if let name = $1["address"] as? String { $0[name] = $1["incarnation"] as? Int }
            }
            return lives["/g"] == life
              && ["/g/x", "/g/h", "/g/h/y"].allSatisfy { lives[$0] != nil }
          })
        let nodes = try tool.nodes().filter {
          ($0["address"] as? String)?.hasPrefix("/g") == true
        }
        let pids = nodes.compactMap { ($0["pid"] as? Int).map(Int32.init) }
        let group = try #require(nodes.first { $0["address"] as? String == "/g" }?["pid"] as? Int)
        #expect(kill(Int32(group), SIGKILL) == 0)
        #expect(tool.wait { pids.allSatisfy { kill($0, 0) != 0 } }, "life \(life)")
      }
      let run = try tool.endLeavingNothing()
      #expect(run.code == 1, "\(run)")
      let last = run.errors.split(separator: "\n").last ?? ""
      #expect(last.contains(" failed: g killed by SIGKILL"), "\(last)")
      #expect(last.contains(" 3 times in ") && last.hasSuffix(" gave up"), "\(last)")
    }

    @Test func aGroupThatIsKilledTakesItsNodesWithIt() throws {
      let run = try run(
        """
        endsWith: [end]
        nodes:
          g:
            restart: onFailure
            nodes:
              x:
                shell: |
                  echo $$ > x.$(ls x.* 2> /dev/null | wc -l)
                  sleep 60 & setsid sleep 60 & wait
          end:
            shell: |
              until test -s x.0; do sleep 0.02; done
              kill -9 $(ps -o ppid= -p $(ps -o ppid= -p $(cat x.0)))
              until test -s x.1; do sleep 0.02; done
              kill -0 $(cat x.0) 2> /dev/null && echo alive
              ls x.*

        """, "--quiet")
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.lines == ["end | x.0", "end | x.1"])
    }

    /// The order of starts, in many runs at the same time.
    @Test func theOrderIsThatOfTheDependencies() throws {
      for _ in 0..<10 {
        let run = try run(
          """
          nodes:
            c: {shell: 'true', dependsOn: {b: succeeded}}
            b: {shell: 'true', dependsOn: {a: up}}
            a: {shell: 'sleep 0.1; echo ready; sleep 0.2', readiness: {line: ready}}

          """, "--quiet", "--events", "events.jsonl")
        let order = run.lines.compactMap { line -> String? in
          guard let data = line.data(using: .utf8),
            let event = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let kind = event["event"] as? String, let node = event["node"] as? String,
            ["started", "up", "exited"].contains(kind)
          else { return nil }
          return "\(node) \(kind)"
        }
        let wanted = ["a started", "a up", "b started", "b exited", "c started"]
        let indices = wanted.map { order.firstIndex(of: $0) ?? -1 }
        #expect(indices == indices.sorted() && indices[0] >= 0, "\(order)\n\(run.output)")
      }
    }
  }
}
