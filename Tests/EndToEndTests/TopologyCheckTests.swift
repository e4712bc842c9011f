import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Topology files that are looked at and not run.
  struct TopologyCheckTests {
    /// A check takes seconds at most, of the processor: a busy machine takes longer.
    private static let bound = "ulimit -t 12"

    /// A check of a file with this text.
    private func check(_ text: String, _ options: String...) throws -> Tool.Ended {
      try Tool(
        shell:
          "printf '%s' \"$TEXT\" > t.yaml; \(Self.bound); exec \"$PTREE\" check t.yaml \(options.joined(separator: " "))",
        environment: ["TEXT": text]
      ).end()
    }

    @Test func aFaultIsShownWithItsLine() throws {
      let run = try check("ptree: 1\nnodes:\n  a:\n    shell: x\n    depends_on: [b]\n")
      #expect(run.code == 2 && run.output == "")
      #expect(
        run.errors == """
          t.yaml:5:5: error: a node has no key 'depends_on'; did you mean 'dependsOn'?
              5 |     depends_on: [b]
                |     ^~~~~~~~~~
          ptree: t.yaml has 1 error; nothing was started.

          """)
    }

    @Test func aCheckedFileIsCounted() throws {
      let run = try check("ptree: 1\nnodes: {a: {command: [true]}, b: {nodes: {c: {shell: x}}}}\n")
      #expect(run.code == 0 && run.output == "t.yaml: 3 nodes, no errors\n")
    }

    @Test func theDataOfFaultsHasTheirPlaces() throws {
      let run = try check(
        "ptree: 1\nnodes: {a: {shell: x, timeLimit: 5, mayFail: yes}}\n", "--json")
      #expect(run.code == 2)
      let document = try #require(try run.json() as? [String: [[String: Any]]])
      let file = try #require(document["files"]?.first)
      #expect(file["isValid"] as? Bool == false)
      let found = try #require(file["diagnostics"] as? [[String: Any]])
      #expect(found.map { $0["code"] as? String } == ["wrongValue", "wrongType"])
      #expect(found.map { $0["line"] as? Int } == [2, 2])
      #expect(found.map { $0["column"] as? Int } == [34, 46])
    }

    @Test func whatIsMissingHereIsAWarningOrAnError() throws {
      let text = "ptree: 1\nnodes: {a: {command: [no-such-thing]}}\n"
      let run = try check(text)
      #expect(run.code == 0 && run.output == "t.yaml: 1 node, 1 warning\n")
      #expect(try check(text, "--strict").code == 2)
    }

    /// Files that are no topology, and files that want to keep a reader busy.
    @Test(arguments: [
      ("mkfifo t", "a named pipe"), ("ln -s /dev/zero t", "a device"), ("mkdir t", "a directory"),
      ("printf '\\377\\376' > t", "no UTF-8"), ("printf 'a\\0b' > t", "U+0000"),
      ("head -c 1048577 /dev/zero | tr '\\0' '#' > t", "at most 1048576 bytes"),
      ("head -c 100000 /dev/zero | tr '\\0' '[' > t", "nested at most 64 levels"),
      ("true", "No such file"),
    ])
    func whatIsNoTopologyIsRefused(make: String, words: String) throws {
      let run = try Tool.run(shell: "\(make); \(Self.bound); exec \"$PTREE\" check t")
      #expect(run.code == 2 && run.errors.contains(words), "\(run.errors)")
    }

    @Test func aliasesInKeysTakeFiveSecondsAtMost() throws {
      let lines = (1...30).map { "a\($0): &a\($0) {*a\($0 - 1) : *a\($0 - 1)}\n" }
      let text = "ptree: 1\na0: &a0 {k: v}\n" + lines.joined()
      let run = try check(text)
      #expect(run.code == 2 && run.errors.contains("aliases in keys"), "\(run.errors)")
    }

    @Test func aliasesOfAliasesAreCounted() throws {
      let lines = (1...9).map { level in
        "a\(level): &a\(level) ["
          + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
          + "]\n"
      }
      let run = try check("ptree: 1\na0: &a0 [x,x,x,x,x,x,x,x,x]\n" + lines.joined())
      #expect(run.code == 2 && run.errors.contains("100000 values"))
    }

    /// A check starts nothing, not even the helper of a root.
    @Test func aCheckHasNoProcesses() throws {
      let run = try Tool.run(
        shell: """
          printf 'ptree: 1\\nnodes: {a: {shell: touch here}}\\n' > t.yaml
          "$PTREE" check t.yaml && "$PTREE" graph t.yaml > g && "$PTREE" schema > s
          ls
          """)
      #expect(
        run.lines.filter { !["g", "s", "stderr", "stdout", "t.yaml"].contains($0) } == [
          "t.yaml: 1 node, no errors"
        ])
    }

    @Test func aPrintedFileNamesTheOriginsOfItsValues() throws {
      let run = try Tool.run(
        shell: """
          printf 'ptree: 1\\nnodes:\\n  a:\\n    shell: x\\n    restart: always\\n' > t.yaml
          printf 'ptree: 1\\nnodes: {a: {restart: never}}\\n' > o.yaml
          "$PTREE" check --print --origins t.yaml --overlay o.yaml
          "$PTREE" check --print --origins t.yaml --overlay o.yaml | "$PTREE" check -
          """)
      #expect(run.output.contains("    shell: x  # t.yaml:4\n    restart: never  # o.yaml:2\n"))
      #expect(run.code == 0 && run.lines.last == "standard input: 1 node, no errors")
    }

    @Test func theTablesOfTheDocumentAreThoseOfTheSchema() throws {
      let tables = try Tool.run("schema", "--tables").output
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let document = try String(
        contentsOf: root.appendingPathComponent("Docs/topology-files.md"), encoding: .utf8)
      #expect(document.hasSuffix(tables), "write the tables anew: ptree schema --tables")
    }

    @Test(arguments: ["dot", "mermaid", "svg", "json", "text"])
    func aGraphShowsEachNodeOnce(format: String) throws {
      let text =
        "ptree: 1\nnodes: {apple: {shell: x}, group: {nodes: {pear: {shell: x}}, dependsOn: {apple: succeeded}}}\n"
      let run = try Tool(
        shell: "printf '%s' \"$TEXT\" | \"$PTREE\" graph - --format \(format)",
        environment: ["TEXT": text]
      ).end()
      #expect(run.code == 0)
      #expect(run.output.contains("apple") && run.output.contains("pear"))
      #expect(run.output.contains("succeeded"))
      // The line begins at what the group waits for, and the arrow points there.
      if format == "svg" { #expect(run.output.contains("marker-start")) }
    }

    @Test func aProcfileIsImported() throws {
      let run = try Tool.run(
        shell: """
          printf '# x\\nweb: bundle exec "puma" -p $PORT ${{ x }}\\n\\n2nd job: sleep 1\\n' > Procfile
          "$PTREE" import Procfile > t.yaml && "$PTREE" check t.yaml && cat t.yaml
          """)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output.contains(#"shell: "bundle exec \"puma\" -p $PORT $${{ x }}""#))
    }

    @Test func aProcessComposeFileIsImported() throws {
      let text = """
        version: "0.5"
        log_level: debug
        environment: ["A=1"]
        processes:
          db:
            command: postgres
            readiness_probe: {exec: {command: pg_isready}, period_seconds: 2, failure_threshold: 5}
            shutdown: {signal: 2, timeout_seconds: 20}
          web:
            command: ./web
            depends_on: {db: {condition: process_healthy}}
            availability: {restart: on_failure, backoff_seconds: 2, max_restarts: 5}
            namespace: x
            replicas: 2
        """
      let run = try Tool(
        shell: """
          printf '%s' "$TEXT" > p.yaml; "$PTREE" import p.yaml > t.yaml && "$PTREE" check t.yaml && cat t.yaml
          """, environment: ["TEXT": text]
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      for words in [
        "# 'log_level' has no equal here.", "# 'namespace' has no equal here.",
        "dependsOn: {db: up}", "instances: 2", "stop: {signal: INT, within: 20s}",
        "restart: {when: onFailure, backoff: {first: 2s, factor: 1}}",
      ] { #expect(run.output.contains(words)) }
    }

    /// A check accepts all that process-compose accepts, and reports entries without an equal.
    @Test func nothingOfAnImportedFileIsLostInSilence() throws {
      let text = """
        shell: {shell_command: bash, shell_argument: "-c"}
        processes:
          off: {command: x, disabled: true}
          web:
            command: ./web
            depends_on: {off: {condition: process_started}, gone: {condition: process_started}}
            ready_log_line: up
            readiness_probe:
              http_get: {port: 80, status_code: 204}
              initial_delay_seconds: 3
              success_threshold: 2
            environment: ["A=1", "A=2", "B"]
            shutdown: {command: ./stop, signal: 15}
            availability: {restart: exit_on_failure, backoff_seconds: -1, exit_on_end: true}
            replicas: -2
          list: {command: [./x, --y], depends_on: [web]}
          loop:
            command: x
            readiness_probe: {exec: {command: y}, initial_delay_seconds: 40, period_seconds: 1.5}
            availability: {restart: always, exit_on_end: true}
          after: {command: x, depends_on: {loop: {condition: process_completed}}}
          "x\\u2028endsWith: any #": {command: x, "y\\u2028endsWith: any #": 1}
        """
      let run = try Tool(
        shell: """
          printf '%s' "$TEXT" > p.yaml; "$PTREE" import p.yaml > t.yaml && "$PTREE" check t.yaml && cat t.yaml
          """, environment: ["TEXT": text]
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      for words in [
        "defaults: {interpreter: [bash, \"-c\"]}", "onFailure: continue", "endsWith: [web]",
        "# 'depends_on: off' has", "# 'depends_on: gone' has", "# 'ready_log_line' has",
        "# 'readiness_probe.http_get.status_code' has", "delay: 3s, within: 34s, successes: 2}",
        "A: \"2\"",
        "# 'environment: B' has", "stop: {command: [/bin/sh, -c, \"./stop\"]}",
        "# 'restart: exit_on_failure' has", "# 'replicas' has", "# 'backoff_seconds' has",
        "# 'command' has", "# 'depends_on' has", "delay: 40s, within: 71s", "# 'exit_on_end' has",
        "# 'readiness_probe.period_seconds' has", "# 'depends_on: loop' has",
        "# 'yendsWith: any #' has",
      ] { #expect(run.output.contains(words), "\(words): \(run.output)") }
    }
  }
}
