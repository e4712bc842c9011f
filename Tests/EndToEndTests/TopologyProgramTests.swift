import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// What programs in topology files do, with the programs of a small app.
  struct TopologyProgramTests {
    private static let app = (Tool.path as NSString).deletingLastPathComponent + "/app-fixture"

    private func start(_ text: String, _ method: String = "forkServer") throws -> Tool {
      try Tool(
        shell:
          "printf '%s' \"$TEXT\" > t.yaml; exec \"$APP\" run t.yaml --quiet --trust --timeout 60 --start-method \(method)",
        environment: ["TEXT": "ptree: 1\n\(text)\n", "APP": Self.app])
    }

    /// A file, its exit code, its lines in any order, and words of its errors.
    struct Case: CustomTestStringConvertible, Sendable {
      let name: String
      let text: String
      var code: Int32 = 0
      var lines: Set<String> = []
      var errors = ""

      var testDescription: String { name }
    }

    private static func joined(_ kind: String, _ hear: String = "") -> String {
      """
      channels: {words: {of: String, kind: \(kind)}}
      nodes:
        hear: {program: Hear, \(hear) readiness: {notify: true}, arguments: {from: {receive: words}}}
        say: {program: Say, dependsOn: [hear], arguments: {words: [a, b], to: {send: words}}}
      """
    }

    static let cases: [Case] = [
      Case(
        name: "service",
        text: """
          channels: {lengths: {of: String, kind: service, returning: Int}}
          nodes:
            answer: {program: Answer, instances: 2, arguments: {lengths: {serve: lengths}}}
            ask: {program: Ask, arguments: {words: [tree, 1234567], lengths: {call: lengths}}}
          """, lines: ["ask | tree 4", "ask | 1234567 7"]),
      Case(name: "work", text: joined("work"), lines: ["hear | heard a", "hear | heard b"]),
      Case(name: "pipe", text: joined("pipe"), lines: ["hear | heard a", "hear | heard b"]),
      Case(
        name: "instances",
        text:
          "nodes: {e: {program: Echo, instances: 2, arguments: {text: \"no ${{ instance }}\", number: \"${{ instance + 10 }}\", letters: upper}}}",
        lines: ["e-1 | NO 1 11", "e-2 | NO 2 12"]),
      Case(
        name: "aPrivateType", text: "nodes: {h: {program: Hidden, arguments: {text: x}}}",
        lines: ["h | hidden x"]),
      Case(
        name: "aPrivateTypeInAGroup",
        text: "nodes: {g: {nodes: {h: {program: Hidden, arguments: {text: x}}}}}",
        lines: ["h | hidden x"]),
      Case(
        name: "timeLimit", text: "nodes: {h: {program: Hold, timeLimit: 300ms}}", code: 1,
        errors: "longer than its timeLimit of 300ms"),
      Case(
        name: "liveness",
        text:
          "nodes: {h: {program: Hold, liveness: {file: gone, every: 20ms, failures: 2}}}", code: 1,
        errors: "h failed: "),
      Case(
        name: "timeLimitOfAStage",
        text: """
          nodes:
            p:
              pipeline:
                from: {list: [a, hang, b]}
                stages: [{name: spin, program: Spin, workers: 2, timeLimit: 200ms}]
                attempts: 2
                quarantine: {file: q}
            q: {shell: "sed 's/,.*//' q", dependsOn: {p: succeeded}}
          """, lines: ["a", "b", "q | {\"input\":1"],
        errors: "spin: a record took longer than its timeLimit of 200ms"),
      Case(
        name: "endsWith",
        text:
          "endsWith: [e]\nnodes: {h: {program: Hold}, e: {program: Echo, arguments: {text: a, number: 1}}}",
        lines: ["e | a 1"]),
      Case(
        name: "aStageWithState",
        text:
          "nodes: {p: {pipeline: {from: {range: [1, 100]}, stages: [{program: Sum, arguments: {start: 7}}]}}}",
        lines: ["5057"]),
      Case(
        name: "aReceiverThatIsGone",
        text: """
          onFailure: continue
          channels: {words: {of: String}}
          nodes:
            hear: {program: Hear, dependsOn: {no: succeeded}, arguments: {from: {receive: words}}}
            no: {shell: exit 1}
            say: {program: Say, arguments: {words: [a], to: {send: words}}}
          """, code: 1),
    ]

    @Test(arguments: cases, startMethods) func aFileRuns(file: Case, method: String) throws {
      let run = try start(file.text, method).end()
      #expect(run.code == file.code, "\(run.output)\(run.errors)")
      #expect(Set(run.lines.map(String.init)) == file.lines, "\(run.errors)")
      #expect(file.errors.isEmpty || run.errors.contains(file.errors), "\(run.errors)")
    }

    /// An app with a command line of its own reads and runs a file.
    @Test func aFileIsRunByAnAppThatIsNoCommandLine() throws {
      func run(_ nodes: String) throws -> Tool.Ended {
        try Tool(
          shell:
            "printf '%s' \"$TEXT\" > own.yaml; exec \"${PTREE%ptree}embedded-fixture\" own.yaml hello",
          environment: ["TEXT": "ptree: 1\nvariables: {word: x}\nnodes: {\(nodes)}\n"]
        ).end()
      }
      let good = try run("g: {program: Greet, arguments: {word: \"${{ word }}\"}}")
      #expect(good.code == 0 && good.output == "hello\nown is over\n", "\(good)")
      let failed = try run("g: {shell: exit 3}")
      #expect(failed.output.hasPrefix("failed with 1: g exited with code 3"), "\(failed)")
      let wrong = try run("g: {program: Greet, arguments: {wort: x}}")
      #expect(wrong.code == 1 && wrong.output.isEmpty)
      #expect(wrong.errors.contains("Greet has no argument 'wort'; did you mean 'word'?"))
    }

    @Test func everySubscriberHearsABroadcast() throws {
      let run = try start(Self.joined("broadcast", "instances: 2,")).end()
      #expect(run.code == 0, "\(run.errors)")
      let expected: Set = ["hear-1 | heard b", "hear-2 | heard b"]
      #expect(Set(run.lines.map(String.init)).isSuperset(of: expected), "\(run.output)")
    }

    @Test func nothingOutlivesARootThatIsKilled() throws {
      let tool = try start("nodes: {h: {program: Hold}, g: {nodes: {i: {program: Hold}}}}")
      #expect(tool.wait { Set(tool.processes.map(tool.name)).isSuperset(of: ["h", "i"]) })
      tool.signal(SIGKILL)
      #expect(tool.wait { tool.processes.isEmpty })
      #expect(try tool.end().code == -SIGKILL)
    }
  }
}
