import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// What becomes of records and files of pipelines, and who hears of it.
  struct TopologyRecordFateTests {
    struct Case: CustomTestStringConvertible, Sendable {
      var name: String
      var pipeline: String
      var before = ""
      var after = ""
      var code: Int32 = 0
      var output = ""
      var errors: String

      var testDescription: String { name }
    }

    static let cases: [Case] = [
      Case(
        name: "recordsPutAside",
        pipeline:
          "from: {range: [1, 5]}, quarantine: {file: q}, stages: [{command: ['false'], mode: each}]",
        errors: "ptree: p: 5 records were put aside in q\n"),
      Case(
        name: "anOutputThatACommandCloses",
        pipeline: """
          from: {list: [a]}, attempts: 1, quarantine: {file: q},
          stages: [{shell: 'exec >&-; exec sleep 60', mode: answer}]
          """, after: "&& grep -c 'closed its output and went on before it had answered' q",
        output: "1\n", errors: "1 record was put aside"),
      Case(
        name: "anAnswerThatIsKilled",
        pipeline: "from: {list: [a]}, attempts: 1, stages: [{shell: 'kill -9 $$', mode: answer}]",
        code: 1, errors: "the command was killed by SIGKILL before it had answered"),
      Case(
        name: "aMistypedAnswer",
        pipeline: """
          from: {range: [1, 200]}, quarantine: {file: q},
          stages: [{name: s, shell: 'sedd -u s/a/b/', mode: answer}]
          """, code: 1,
        errors: "the command has died 12 times in a row"),
      Case(
        name: "aMistypedCommandForEach",
        pipeline: """
          from: {range: [1, 200]}, quarantine: {file: q},
          stages: [{name: s, shell: 'sedd -u s/a/b/', mode: each}]
          """, code: 1, errors: "the command has died 12 times in a row"),
      Case(
        name: "anInputByAnotherName",
        pipeline: "from: {files: [io]}, to: {file: other}, stages: [{command: [cat]}]",
        before: "echo x > io; ln io other", after: "; code=$?; cat io; exit $code",
        code: 1, output: "x\n", errors: "/other: the pipeline reads this file"),
      Case(
        name: "aQuarantineThatIsTheOutput",
        pipeline:
          "from: {list: [a]}, to: {file: o}, quarantine: {file: q}, stages: [{command: [cat]}]",
        before: ": > o; ln o q", code: 1, errors: "/q: the pipeline writes to this file"),
      Case(
        name: "aStandardInputThatIsTheOutput",
        pipeline: "from: {standardInput: true}, to: {file: io}, stages: [{command: [cat]}]",
        before: "echo x > io; exec < io", after: "; code=$?; cat io; exit $code",
        code: 1, output: "x\n", errors: "/io: the pipeline reads this file"),
      Case(
        name: "aClosedStandardOutput",
        pipeline: "from: {range: [1, 5]}, stages: [{command: [cat]}]", after: ">&-",
        code: 1, errors: "standard output: Bad file descriptor"),
      Case(
        name: "aClosedStandardOutputThatGetsNothing",
        pipeline: "from: {range: [1, 5]}, stages: [{command: [sed, d]}]", after: ">&-", errors: ""),
      Case(
        name: "aDirectoryAsStandardInput",
        pipeline: "from: {standardInput: true}, stages: [{command: [cat]}]", before: "exec < .",
        code: 1, errors: "p failed: standard input: Is a directory"),
      Case(
        name: "aRecordWithoutAKey",
        pipeline: """
          from: {list: ['{}', '{']}, stages: [
          {name: k, command: [cat], workers: 2, partition: {json: /a}}]
          """, code: 1,
        errors: "p failed: the partition of stage k, input 2: a record is no JSON at its byte 1"),
    ]

    @Test(arguments: cases) func everybodyHearsOfIt(_ file: Case) throws {
      let run = try Tool.pipeline(file.pipeline, before: file.before, after: file.after).end()
      #expect(run.code == file.code && run.output == file.output, "\(run)")
      #expect(file.errors.isEmpty || run.errors.contains(file.errors), "\(run.errors)")
      // The types of the library mean nothing to who runs a file.
      #expect(!run.errors.contains("ProcessTree") && !run.errors.contains("Pipelines."))
    }

    @Test func theDocumentHasTheRecordsPutAside() throws {
      let file = """
        ptree: 1
        nodes:
          g:
            nodes:
              p: {pipeline: {from: {range: [1, 3]}, quarantine: {file: q}, stages: [{command: ['false'], mode: each}]}}

        """
      let run = try Tool(
        shell: "printf '%s' \"$TEXT\" > t.yaml; exec \"$PTREE\" run t.yaml --json --quiet",
        environment: ["TEXT": file]
      ).end()
      let document = try #require(try run.json() as? [String: Any])
      let aside = try #require(document["putAside"] as? [[String: Any]])
      #expect(run.code == 0 && aside.count == 1)
      #expect(aside.first?["node"] as? String == "g/p" && aside.first?["records"] as? Int == 3)
      #expect((aside.first?["file"] as? String)?.hasSuffix("/q") == true)
    }

    /// The file of the life before has been emptied, so its records are not counted.
    @Test func aLaterLifeThatPutsNothingAsideCountsNothing() throws {
      let file = """
        ptree: 1
        nodes:
          p:
            pipeline:
              from: {command: [sh, -c, 'echo a; exec sleep 60']}
              stages: [{shell: 'test -e ok && echo done', mode: each}]
              to: {file: out}
              quarantine: {file: aside}
        """
      let run = try Tool(
        shell: """
          printf '%s' "$TEXT" > t.yaml
          "$PTREE" run t.yaml --quiet 2> errors &
          until test -s aside; do sleep 0.02; done
          touch ok; "$PTREE" restart $! p --quiet; until test -s out; do sleep 0.02; done
          "$PTREE" stop $! --quiet; wait $!; cat out aside; grep -c 'put aside' errors
          """, environment: ["TEXT": file]
      ).end()
      #expect(run.output == "done\n0\n", "\(run)")
    }

    /// A secret on the command line is overwritten before anything starts, for children that are
    /// executed too.
    @Test(arguments: startMethods, ["--set pw=hunter2", "--set=pw=hunter2"])
    func aSecretOfTheCommandLineIsNotSeen(method: String, option: String) throws {
      let file = """
        ptree: 1
        variables: {pw: {secret: true, required: true}, port: 80}
        nodes:
          a:
            shell: 'echo $PW ${{ port }}; touch up; until test -e go; do sleep 0.02; done'
            environment: {PW: "${{ pw }}"}

        """
      let run = try Tool(
        shell: """
          printf '%s' "$TEXT" > t.yaml
          "$PTREE" run t.yaml --quiet --start-method \(method) \(option) --set port=81 > output &
          until test -e up; do sleep 0.02; done
          for process in /proc/[0-9]*; do
            test "$(readlink $process/cwd)" = "$PWD" && test $process != /proc/$$ || continue
            tr '\\0' ' ' < $process/cmdline >> seen
          done
          touch go; wait $!; cat output; grep -c hunter seen; grep -o 'pw=[*]*' seen; grep -o port=81 seen
          """, environment: ["TEXT": file]
      ).end()
      #expect(run.lines == ["a | hunter2 81", "0", "pw=*******", "port=81"], "\(run)")
    }

    @Test(arguments: [
      ("printf 'web: true\\n' > Procfile; \"$PTREE\" run Procfile", "ptree import Procfile"),
      (": > noext; \"$PTREE\" run noext", "say ./noext"),
      ("\"$PTREE\" check \"$(printf 't\\377.yaml')\"", "its name is no UTF-8"),
    ])
    func aFileThatCannotBeRunIsExplained(shell: String, words: String) throws {
      let run = try Tool.run(shell: shell)
      #expect(run.code == 2 && run.errors.contains(words), "\(run)")
    }

    @Test func theHelpOfAGraphHasNoHugeNumber() throws {
      #expect(try !Tool.run("graph", "--help").output.contains("922337"))
    }

    @Test func aProcessThatGetsAnotherNameIsNamed() throws {
      let run = try Tool.run(
        shell: "printf 'a b: true\\nc: true\\n' > Procfile; exec \"$PTREE\" import Procfile")
      #expect(run.output.contains("  # 'a b' has another name here.\n  a-b:\n"), "\(run.output)")
      #expect(run.output.components(separatedBy: "another name").count == 2)
    }
  }
}
