import Foundation
import Testing

extension EndToEndTests {
  /// `ptree hosts check` shows which hosts can be used, and the faults of the others.
  struct HostsCommandTests {
    @Test func aHostThatIsUpIsDescribed() throws {
      let run = try Tool.run("hosts", "check", "--host", "command:env", "--json")
      #expect(run.code == 0, "\(run.errors)")
      let line = try run.json() as? [String: Any]
      #expect(line?["host"] as? String == "command")
      #expect(line?["error"] is NSNull)
      #expect((line?["processors"] as? Int ?? 0) > 0)
      #expect(line?["slots"] as? Int == line?["processors"] as? Int)
      #expect((line?["timeToUp"] as? Double ?? 0) > 0)
      #expect((line?["roundTrip"] as? Double ?? 0) > 0)
      #expect((line?["build"] as? String ?? "") != "")
    }

    @Test func eachHostHasALineAndAFailureIsNamed() throws {
      let run = try Tool.run(
        shell: """
          printf 'command:env slots=3 name=b # here\\ncommand:/no/such/engine\\n' >hosts
          $PTREE hosts check hosts
          """)
      #expect(run.code == 1)
      #expect(run.lines.count == 2)
      #expect(run.lines.first?.hasPrefix("b: up in ") == true)
      #expect(run.lines.first?.contains(" 3 slots; round trip ") == true)
      #expect(run.lines.last?.contains("/no/such/engine") == true)
    }

    @Test(arguments: [
      ["hosts"], ["hosts", "check"], ["hosts", "check", "b"], ["hosts", "check", "--nonsense"],
      ["hosts", "check", "--host", "b", "--within", "0"], ["hosts", "check", "--host", "b:0"],
      ["hosts", "check", "--host", "local", "--program", "p"],
      ["hosts", "check", "--host", "local", "--program", "/a=b"],
      ["hosts", "check", "--host", "slurm:time=30m,partition=gpu"],
    ])
    func badUsageIsRefused(arguments: [String]) throws {
      let run = try Tool(arguments).end()
      #expect(run.code == 2 && run.output == "")
    }
  }

  /// `ptree run … --host` and `--hosts`.
  struct HostRunTests {
    /// Hosts on this machine.
    private static let hosts = "2/command:env name=b\nlocal slots=1 name=c\n"

    private func run(_ words: String) throws -> Tool.Ended {
      try Tool.run(shell: "printf '\(Self.hosts)' >hosts; $PTREE \(words)")
    }

    @Test func nodesRunOnTheHostsOfAFile() throws {
      let run = try run("run squares 12 --hosts hosts --json --events events; cat events >&2")
      #expect(run.code == 0, "\(run.errors)")
      #expect(try run.json() as? [Int] == (1...12).map { $0 * $0 })
      var hosts: [String: Set<String>] = [:]
      for line in run.errors.split(separator: "\n") where line.hasPrefix("{") {
        let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard event?["event"] as? String == "started", let node = event?["node"] as? String,
          node.hasPrefix("Process-")
        else { continue }
        hosts[event?["host"] as? String ?? "here", default: []].insert(node)
      }
      #expect(Set(hosts.keys) == ["b", "c"])
      #expect(
        hosts.values.reduce(Set()) { $0.union($1) } == Set((1...12).map { "Process-\($0)" }))
      #expect(run.errors.contains(" on b)\n"))
    }

    @Test func aNodeIsBelowItsParentWhereverItRuns() throws {
      let run = try run("run names --host command:env --json --quiet")
      #expect(run.code == 0, "\(run.errors)")
      let root = try run.json() as? [String: Any]
      let first = (root?["children"] as? [[String: Any]])?.first
      #expect(first?["name"] as? String == "Process-1")
      #expect(first?["host"] as? String == "command")
      #expect(first?["parentPid"] as? Int != root?["pid"] as? Int)
      let below = (first?["children"] as? [[String: Any]])?.first
      #expect(below?["host"] as? String == "command")
      #expect(below?["parentPid"] as? Int == first?["pid"] as? Int)
    }

    @Test func causesAreThoseOfThisMachine() throws {
      let causes = try ["", "--host local"].map { hosts in
        let run = try run("run crash --quiet \(hosts)")
        #expect(run.code == 0, "\(run.errors)")
        // The columns of what a child does, its exit code and the cause; a start that is given up
        // has come as far as it can on its host.
        return run.lines.map { $0.prefix($0.hasPrefix("cannot start") ? 20 : 104) }
      }
      #expect(causes[0] == causes[1])
    }

    @Test func anExampleThatPlacesNothingSaysSo() throws {
      let run = try run("run supervised --host local")
      #expect(run.code == 2 && run.output == "")
      #expect(run.errors.contains("'supervised' starts all its nodes on this machine"))
    }

    @Test(arguments: ["run", "chaos"])
    func faultsOfHostsAreNoUsage(command: String) throws {
      let rest = command == "run" ? "squares --start-method inProcess" : "squares --kill 1"
      let run = try run("\(command) \(rest) --host local")
      #expect(run.code == 2 && run.output == "" && !run.errors.contains("started"))
    }

    @Test func allMistakesAreToldBeforeAnythingStarts() throws {
      let run = try Tool.run(
        shell: """
          printf 'b slots=0\\nc d=1\\n"e\\n' >bad
          $PTREE run squares 3 --host -x --hosts bad --hosts /no/such/file
          """)
      #expect(run.code == 2 && run.output == "")
      for place in ["--host -x: ", "bad:1:3: error: ", "bad:2:3: error: ", "bad:3:1: error: "] {
        #expect(run.errors.contains(place))
      }
      #expect(run.errors.contains("/no/such/file:1:1: error: No such file"))
      #expect(run.errors.contains("nothing was started") && !run.errors.contains(" up"))
    }

    /// A file of hosts has commands in it.
    @Test(.enabled(if: geteuid() == 0)) func rootUsesNoHostsThatOthersMayWrite() throws {
      let run = try Tool.run(
        shell: """
          echo local >hosts; chmod 666 hosts
          $PTREE run squares 3 --hosts hosts --json --quiet; echo $?
          $PTREE hosts check hosts; echo $?
          $PTREE run squares 3 --hosts hosts --json --quiet --trust; echo $?
          """)
      #expect(run.lines == ["2", "2", "[1,4,9]", "0"], "\(run)")
      #expect(
        run.errors.contains("root does not use hosts: others may write to its file; chmod go-w "))
    }

    @Test func anUnusableHostIsAFailureWithItsName() throws {
      let run = try Tool.run("run", "squares", "3", "--host", "command:/no/such/engine", "--quiet")
      #expect(run.code == 1 && run.output == "")
      #expect(run.errors.contains("Host command: "))
    }

    @Test func nodesOfAFileRunOnItsHosts() throws {
      let text = """
        ptree: 1
        hosts: {b: {local: true, slots: 2}, c: {command: [env]}}
        nodes:
          a: {shell: 'echo a', instances: 4, on: [b, c]}
          g: {on: c, nodes: {d: {shell: 'echo d'}}}
          e: {shell: 'echo e'}
        """
      let run = try Tool(
        shell: "printf '%s' \"$TEXT\" >t.yaml; $PTREE run t.yaml", environment: ["TEXT": text]
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(
        Set(run.lines) == ["a-1 | a", "a-2 | a", "a-3 | a", "a-4 | a", "d | d", "e | e"])
      for place in [" on b)\n", "g started (pid ", "d started (pid ", " on c)\n"] {
        #expect(run.errors.contains(place))
      }
      let near = try #require(run.errors.split(separator: "\n").first { $0.hasPrefix("e started") })
      #expect(!near.contains(" on "))
    }

    @Test func stagesOfAFileRunOnItsHosts() throws {
      let text = """
        ptree: 1
        hosts: {b: {local: true, slots: 2}, c: {command: [env]}}
        nodes:
          p:
            pipeline:
              from: {range: [1, 200]}
              ordered: true
              stages:
                - {name: tens, command: [sed, 's/$/0/'], on: b}
                - {name: plus, command: [expr, '{}', +, '1'], mode: each, workers: 2, on: [b, c]}
                - {name: end, command: [sed, 's/$/./']}
        """
      let run = try Tool(
        shell: "printf '%s' \"$TEXT\" >t.yaml; $PTREE run t.yaml", environment: ["TEXT": text]
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.lines == (1...200).map { "\($0 * 10 + 1)." })
      let started = run.errors.split(separator: "\n").filter { $0.contains(" started (pid ") }
      #expect(started.contains { $0.contains("tens") && $0.contains(" on b)") }, "\(started)")
      #expect(started.contains { $0.contains("plus") && $0.contains(" on c)") }, "\(started)")
      #expect(!started.contains { $0.contains("end") && $0.contains(" on ") }, "\(started)")
    }

    @Test(arguments: ["--host local --lease 1", "--lease 3", "--host local --minimum-hosts 0"])
    func anOptionOfHostsHasItsBounds(words: String) throws {
      let run = try run("run squares 3 \(words)")
      #expect(run.code == 2 && run.output == "")
    }

    @Test func aFileHasItsHostsItself() throws {
      let run = try Tool.run("run", "t.yaml", "--host", "local")
      #expect(run.code == 2 && run.errors.contains("a topology file has its hosts itself"))
    }
  }
}
