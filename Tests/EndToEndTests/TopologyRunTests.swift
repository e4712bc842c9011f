import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Topology files that are run.
  struct TopologyRunTests {
    /// A run of a file with this text.
    private func start(_ text: String, _ options: String...) throws -> Tool {
      try Tool(
        shell:
          "printf '%s' \"$TEXT\" > t.yaml; exec \"$PTREE\" run t.yaml \(options.joined(separator: " "))",
        environment: ["TEXT": text])
    }

    /// A file, its exit code, its lines in any order, and words of its errors.
    struct Case: CustomTestStringConvertible, Sendable {
      let name: String
      let text: String
      let code: Int32
      var lines: Set<String> = []
      var errors = ""

      var testDescription: String { name }
    }

    static let cases: [Case] = [
      Case(
        name: "aFailureStopsTheOthers", text: "nodes: {a: {shell: exit 7}, b: {shell: sleep 60}}",
        code: 1, errors: "t failed: a exited with code 7"),
      Case(
        name: "mayFail", text: "nodes: {a: {shell: exit 7, mayFail: true}, b: {shell: echo b}}",
        code: 0, lines: ["b | b"]),
      Case(
        name: "onFailureContinue",
        text: "onFailure: continue\nnodes: {a: {shell: exit 7}, b: {shell: sleep 0.2; echo b}}",
        code: 1, lines: ["b | b"], errors: "a exited with code 7"),
      Case(name: "success", text: "nodes: {a: {shell: exit 7, success: [7]}}", code: 0),
      Case(
        name: "endsWith",
        text: "endsWith: [a]\nnodes: {a: {shell: exit 3}, b: {shell: sleep 60}}", code: 3),
      Case(
        name: "endsWithASignal", text: "endsWith: [a]\nnodes: {a: {shell: \"kill -9 $$\"}}",
        code: 137),
      Case(
        name: "endsWithAny",
        text: "endsWith: any\nnodes: {a: {shell: echo a}, b: {shell: sleep 60}}",
        code: 0, lines: ["a | a"]),
      Case(
        name: "intensity",
        text:
          "supervision: {intensity: {restarts: 2, period: 60s}}\nnodes: {a: {shell: exit 1, restart: onFailure}}",
        code: 1, errors: "a exited with code 1 3 times in"),
      Case(
        name: "neverUp",
        text: "nodes: {a: {shell: sleep 60, readiness: {file: nowhere, within: 300ms}}}", code: 1,
        errors: "it was not up within 300 ms"),
      Case(
        name: "order",
        text: """
          nodes:
            c: {shell: cat d, dependsOn: {b: succeeded}}
            b: {shell: echo b >> d, dependsOn: [a]}
            a: {shell: 'echo a >> d; echo ready; sleep 0.5', readiness: {line: ready}}
          """, code: 0, lines: ["a | ready", "c | a", "c | b"]),
      Case(
        name: "instances",
        text:
          "limit: 2\nnodes: {a: {instances: 3, shell: 'echo $PTREE_INSTANCE/$PTREE_INSTANCES ${{ instance + 10 }}'}}",
        code: 0, lines: ["a-1 | 1/3 11", "a-2 | 2/3 12", "a-3 | 3/3 13"]),
      Case(
        name: "groups",
        text:
          "nodes: {g: {nodes: {x: {shell: 'echo $PTREE_NODE'}}}, z: {shell: echo z, dependsOn: [g]}}",
        code: 0, lines: ["x | g/x", "z | z"]),
      Case(
        name: "aGroupFails",
        text:
          "nodes: {g: {nodes: {x: {shell: exit 4}, y: {shell: sleep 60}}}, z: {shell: sleep 60}}",
        code: 1, errors: "x exited with code 4"),
      Case(
        name: "timeLimit", text: "nodes: {a: {shell: sleep 60, timeLimit: 300ms}}", code: 1,
        errors: "longer than its timeLimit of 300ms"),
      Case(
        name: "skipped",
        text:
          "onFailure: continue\nnodes: {a: {shell: exit 1}, b: {shell: echo b, dependsOn: {a: succeeded}}}",
        code: 1),
      Case(
        name: "environment",
        text: """
          environment: {COUNTRY: NO, T: 22:22, V: 1.10, M: 0777, GONE: null}
          nodes: {a: {shell: 'echo $COUNTRY $T $V $M ${GONE-gone} $S', environment: {S: {secret: x}}}}
          """, code: 0, lines: ["a | NO 22:22 1.10 0777 gone x"]),
      Case(
        name: "streams",
        text: """
          nodes:
            a: {shell: 'echo out; echo err >&2', output: {file: o}, error: output}
            b: {command: [cat], input: {file: o}, dependsOn: {a: succeeded}}
          """, code: 0, lines: ["b | out", "b | err"]),
      Case(
        name: "scratch",
        text: "nodes: {a: {shell: 'mkdir -p $PTREE_SCRATCH/d/e; cd ${{ run.scratch }}; ls'}}",
        code: 0, lines: ["a | d"]),
    ]

    /// The reader comes late, and finds more than a pipe holds.
    @Test func theVerdictStandsBehindAllThatNodesHaveWritten() throws {
      let run = try Tool(
        shell: """
          printf '%s' "$TEXT" > t.yaml
          { "$PTREE" run t.yaml --quiet 2>&1; } | { sleep 1; tail -n 1; }
          """,
        environment: [
          "TEXT": "ptree: 1\nnodes: {a: {shell: 'seq 60000 >&2; exit 3'}}\n"
        ]
      ).end()
      #expect(run.output == "ptree: t failed: a exited with code 3\n")
    }

    @Test(arguments: cases, startMethods) func aFileRuns(file: Case, method: String) throws {
      let run = try start("ptree: 1\n\(file.text)\n", "--quiet", "--start-method", method).end()
      #expect(run.code == file.code, "\(run.output)\(run.errors)")
      #expect(Set(run.lines.map(String.init)) == file.lines)
      #expect(file.errors.isEmpty || run.errors.contains(file.errors), "\(run.errors)")
    }

    @Test func aProfileComesWithWhoeverDependsOnIt() throws {
      let text = """
        ptree: 1
        nodes:
          web: {shell: echo web, dependsOn: {db: succeeded}}
          db: {shell: echo db, profiles: [dev]}
          mail: {shell: echo mail, profiles: [dev]}
          other: {shell: echo other}

        """
      for (options, names) in [
        ("", ["db", "other", "web"]), ("--only web", ["db", "web"]),
        ("--profile dev", ["db", "mail", "other", "web"]), ("--without other", ["db", "web"]),
      ] {
        let run = try start(text, "--quiet", options).end()
        #expect(run.lines.map { String($0.prefix { $0 != " " }) }.sorted() == names)
        #expect(
          run.errors.contains("'db' of the profile 'dev' runs too, because 'web' depends on it")
            == (options != "--profile dev"))
      }
      let unknown = try start(text, "--profile dve").end()
      #expect(unknown.code == 2 && unknown.errors.contains("did you mean 'dev'"))
    }

    /// An end that was asked for is no end for `endsWith`, one that came by itself is.
    @Test func whatIsRestartedByHandEndsNothing() throws {
      let tool = try start(
        "ptree: 1\nendsWith: any\nnodes: {web: {shell: 'echo $$ > pid; echo up; exec sleep 60'}, other: {shell: sleep 60}}\n",
        "--quiet")
      let environment = ["TMPDIR": tool.directory.path]
      #expect(tool.wait { tool.outputSoFar.contains("up") })
      let run = String(tool.pid)
      #expect(try Tool.run("restart", run, "web", environment: environment).code == 0)
      #expect(tool.wait { tool.outputSoFar.split(separator: "\n").count == 2 })
      #expect(try Tool.run("stop", run, "web", environment: environment).code == 0)
      #expect(try Tool.run("start", run, "web", environment: environment).code == 0)
      #expect(tool.wait { tool.outputSoFar.split(separator: "\n").count == 3 })
      let pid = try String(contentsOfFile: tool.directory.path + "/pid", encoding: .utf8)
      kill(try #require(Int32(pid.trimmingCharacters(in: .newlines))), SIGKILL)
      let end = try tool.end()
      #expect(end.code == 1 && end.errors.contains("web"), "\(end.errors)")
    }

    @Test func anErrorInTheLastNodeStartsNothing() throws {
      let run = try Tool.run(
        shell: """
          printf 'ptree: 1\\nnodes: {a: {shell: touch x}, b: {shell: y, timeLimit: 5}}\\n' > t.yaml
          "$PTREE" run t.yaml; echo $?; ls
          """)
      #expect(run.lines.filter { !$0.hasPrefix("std") } == ["2", "t.yaml"])
      #expect(run.errors.contains("nothing was started"))
    }

    @Test(.enabled(if: geteuid() == 0)) func rootRunsNoFileThatOthersMayWrite() throws {
      let run = try Tool.run(
        shell: """
          printf 'ptree: 1\\nnodes: {a: {shell: echo x}}\\n' > t.yaml; chmod 666 t.yaml
          "$PTREE" run t.yaml --quiet; echo $?; "$PTREE" run t.yaml --quiet --trust; echo $?
          chmod 600 t.yaml; mkdir d; chmod 777 d; cp t.yaml d; "$PTREE" run d/t.yaml; echo $?
          ln -s d/t.yaml l.yaml; "$PTREE" run l.yaml; echo $?
          printf 'ptree: 1\\ninclude: [d/t.yaml]\\n' > i.yaml; "$PTREE" run i.yaml; echo $?
          """)
      #expect(run.lines == ["2", "a | x", "0", "2", "2", "2"])
      #expect(run.errors.contains("others may write to its directory"))
    }

    /// What root runs a file with is to be trusted as the file itself.
    @Test(.enabled(if: geteuid() == 0)) func rootRunsWithNoFileThatOthersMayWrite() throws {
      let run = try Tool.run(
        shell: """
          printf 'ptree: 1\\nvariables: {v: 1}\\nnodes: {a: {shell: "echo ${{ v }} $E", environmentFiles: [e]}}\\n' > t.yaml
          echo v: 2 > v; echo E=3 > e
          "$PTREE" run t.yaml --quiet --variables v; echo $?
          chmod 666 v; "$PTREE" run t.yaml --quiet --variables v; echo $?
          chmod 600 v; chmod 666 e; "$PTREE" run t.yaml --quiet; echo $?
          "$PTREE" run t.yaml --quiet --trust --variables v; echo $?
          chmod 600 e; mkdir -p d/e; cp t.yaml e d/e; chmod 777 d; "$PTREE" run d/e/t.yaml --quiet; echo $?
          chmod 1777 d; "$PTREE" run d/e/t.yaml --quiet; echo $?
          ln -s d/e here; "$PTREE" run here/t.yaml --quiet; echo $?
          chown -h 65534 here; "$PTREE" run here/t.yaml --quiet; echo $?
          "$PTREE" run missing.yaml --quiet; echo $?
          printf 'ptree: 1\\nnodes: {a: {shell: echo hi}}\\n' > s
          "$PTREE" run /dev/stdin --quiet < s; echo $?
          """)
      #expect(
        run.lines == [
          "a | 2 3", "0", "2", "2", "a | 2 3", "0", "2", "a | 1 3", "0", "a | 1 3", "0", "2", "2",
          "a | hi", "0",
        ], "\(run.errors)")
      #expect(run.errors.contains("others may write to") && run.errors.contains("/d; chmod go-w "))
      #expect(run.errors.contains("here belongs to user 65534"))
      #expect(!run.errors.contains("missing.yaml cannot be looked at"))
      #expect(run.errors.contains("root does not run with v: others may write to its file"))
      #expect(run.errors.contains("root does not run with 'e': others may write to its file"))
    }

    @Test(arguments: startMethods, [SIGINT, SIGTERM, SIGHUP])
    func aSignalEndsTheRun(method: String, signal: Int32) throws {
      let tool = try start(
        "ptree: 1\nnodes: {a: {shell: 'echo up; sleep 60'}, g: {nodes: {b: {shell: 'echo up; sleep 60'}}}}\n",
        "--quiet", "--start-method", method)
      #expect(tool.wait { tool.outputSoFar.split(separator: "\n").count == 2 })
      tool.signal(signal)
      #expect(try tool.end().code == -signal)
    }

    @Test func aStopHasTheSignalOfTheFile() throws {
      let tool = try start(
        """
        ptree: 1
        nodes:
          a:
            shell: trap '' TERM; trap 'echo int > ${{ file.directory }}/seen; exit 0' INT; echo up; while true; do sleep 0.05; done
            stop: {signal: INT, within: 30s}
        """, "--quiet")
      #expect(tool.wait { tool.outputSoFar.contains("up") })
      tool.signal(SIGTERM)
      let seen = tool.directory.path + "/seen"
      #expect(tool.wait { FileManager.default.fileExists(atPath: seen) })
      #expect(try tool.end().code == -SIGTERM)
    }

    /// What nodes have put into the run's own directory goes, though the root was killed.
    @Test func theScratchDirectoryGoesWithAKilledRoot() throws {
      let tool = try start(
        """
        ptree: 1
        nodes:
          a: {shell: 'cd $PTREE_SCRATCH; mkdir -p d/e; touch d/e/f; ln -s / d/link; mkdir -m 0 locked; (for i in $(seq 200); do mkdir w && cd w; done); pwd; sleep 60'}
        """, "--quiet")
      #expect(tool.wait { tool.outputSoFar.contains("/scratch") })
      let path = try #require(tool.outputSoFar.split(separator: " ").last).trimmingCharacters(
        in: .newlines)
      #expect(FileManager.default.fileExists(atPath: path + "/d/e/f"))
      tool.signal(SIGKILL)
      #expect(tool.wait { !FileManager.default.fileExists(atPath: path) })
      #expect(tool.wait { tool.processes.isEmpty })
      #expect(try tool.end().code == -SIGKILL)
    }

    @Test func aTemporaryDirectoryThatCannotBeUsedIsNamed() throws {
      let run = try Tool(
        shell: """
          printf 'ptree: 1\\nnodes: {a: {shell: "true"}}' > t.yaml
          TMPDIR=/proc exec "$PTREE" run t.yaml --trust
          """
      ).end()
      #expect(run.code == 1 && run.errors.contains("Set TMPDIR"), "\(run.errors)")
    }

    @Test(arguments: [
      ("hello", ["--set port=18231"], "visitor | 200"),
      ("shop", ["--set port=18240"], "order | 2 schema 1 for NO"),
      ("media", [], "publish | outro in high quality"), ("media/transcode", [], ""),
      ("jobs", [], "total | total 91"), ("words", [], " the\n"), ("survey", [], "titles "),
      ("census", ["--set directory=/usr/include", "--set depth=1"], "in its life number 2"),
    ])
    func anExampleRuns(name: String, options: [String], words: String) throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let file = root.appendingPathComponent("Examples/Topologies/\(name).yaml").path
      let arguments = options.flatMap { $0.split(separator: " ").map(String.init) }
      let run = try Tool(["run", file, "--trust", "--timeout", "60"] + arguments).end()
      #expect(run.code == 0, "\(run.output)\(run.errors)")
      #expect(words.isEmpty || run.output.contains(words), "\(run.output)\(run.errors)")
    }
  }
}
