import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Pipelines of topology files.
  struct TopologyPipelineTests {
    /// A pipeline, its exit code, its output and words of its errors.
    struct Case: CustomTestStringConvertible, Sendable {
      let name: String
      let pipeline: String
      var before = ""
      var after = ""
      var code: Int32 = 0
      var output = ""
      var errors = ""

      var testDescription: String { name }
    }

    static let cases: [Case] = [
      Case(
        name: "eachWithArguments",
        pipeline: """
          from: {range: [1, 3]}, ordered: true,
          stages: [{command: [echo, '<{}>', 'a{}b{}'], mode: each}]
          """,
        output: "<1> a1b1\n<2> a2b2\n<3> a3b3\n"),
      Case(
        name: "eachWithStandardInput",
        pipeline: """
          from: {list: [a b, '', '-rf']}, ordered: true,
          stages: [{shell: 'cat; echo {}', mode: each}]
          """,
        output: "a b{}\n{}\n-rf{}\n"),
      Case(
        name: "ordered",
        pipeline: """
          from: {range: [1, 12]}, ordered: true,
          stages: [{shell: 'read x; test $x = 1 && sleep 0.3; echo $x', mode: each, workers: 3}]
          """, output: (1...12).map { "\($0)\n" }.joined()),
      Case(
        name: "aStreamReadsInOrder",
        pipeline: """
          from: {range: [1, 12]}, ordered: true, stages: [{branches: {x: [
          {shell: 'read x; test $x = 1 && sleep 0.3; echo $x', mode: each, workers: 3},
          {command: [sed, s/^/x/]}], none: [{command: [sed, d]}]}}, {command: [cat]}]
          """, output: (1...12).map { "x\($0)\n" }.joined()),
      Case(
        name: "answer",
        pipeline: """
          from: {range: [1, 3]}, ordered: true,
          stages: [{command: [sed, -u, 's/^/</'], mode: answer}]
          """,
        output: "<1\n<2\n<3\n"),
      Case(
        name: "stream", pipeline: "from: {files: ['*.txt']}, stages: [{command: [sort]}]",
        before: "printf 'b\\nc' > 1.txt; printf 'a\\nd\\n' > 2.txt", output: "a\nb\nc\nd\n"),
      Case(
        name: "paths",
        pipeline: """
          from: {files: ['*.txt'], as: paths}, ordered: true,
          stages: [{command: [basename, '{}'], mode: each}]
          """,
        before: "touch b.txt a.txt", output: "a.txt\nb.txt\n"),
      Case(
        name: "aCommandAsSource",
        pipeline: "from: {command: [seq, 3]}, stages: [{command: [tail, -n1]}]", output: "3\n"),
      Case(
        name: "aSourceThatFails",
        pipeline: "from: {command: [ls, nowhere]}, stages: [{command: [cat]}]", code: 1,
        errors: "ls nowhere (pid"),
      Case(
        name: "joinedCommands",
        pipeline:
          "from: {command: [seq, 200000]}, stages: [{command: [grep, '7']}, {command: [tail, -n1]}]",
        output: "199997\n"),
      Case(
        name: "joinedCommandsThatSayNothing",
        pipeline: "from: {command: ['true']}, stages: [{command: [cat]}, {command: [wc, -l]}]",
        output: "0\n"),
      Case(
        name: "aLastRecordThatLacksItsEnd",
        pipeline:
          "from: {command: [printf, a]}, stages: [{shell: 'tr a b'}, {command: [wc, -lc]}]",
        output: "      1       2\n"),
      Case(
        name: "recordsThatEndWithZero",
        pipeline: """
          from: {command: [printf, 'a\\0b'], items: nul},
          stages: [{command: [tr, '\\0', '\\n'], input: nul, output: lines}, {command: [wc, -l]}]
          """, output: "2\n"),
      Case(
        name: "aCommandThatDoesNotReadAll",
        pipeline: """
          from: {command: [seq, 1000000]},
          stages: [{shell: 'exec 0<&-; sleep 0.1; seq 1000000'}, {command: [head, -n1]}]
          """, output: "1\n"),
      Case(
        name: "aFailureBetweenTwoCommands",
        pipeline: """
          from: {command: [seq, 9]},
          stages: [{name: bad, shell: 'cat; exit 3'}, {command: [wc, -l]}]
          """, code: 1, errors: "stage bad in bad"),
      Case(
        name: "aDeathBetweenTwoCommands",
        pipeline: """
          from: {command: [seq, 9]},
          stages: [{name: bad, shell: 'cat; kill -9 $$'}, {command: [wc, -l]}]
          """, code: 1, errors: "SIGKILL"),
      Case(
        name: "standardInput",
        pipeline: "from: {standardInput: true}, stages: [{command: [wc, -l]}]",
        before: "seq 5000 > in; exec < in", output: "5000\n"),
      Case(
        name: "aSecondRunAppends",
        pipeline: "from: {list: [a]}, to: {file: o, append: true}, stages: [{command: [cat]}]",
        before: "printf 'x\\n' > o", after: "&& cat o", output: "x\na\n"),
      Case(
        name: "nowhere", pipeline: "from: {list: [a]}, to: 'null', stages: [{command: [cat]}]"),
      Case(
        name: "aFailureWithoutQuarantine",
        pipeline: "from: {range: [1, 5]}, stages: [{shell: 'read x; test $x != 3', mode: each}]",
        code: 1, errors: "record 3 failed 3 times at the stage stage-1"),
      Case(
        name: "quarantine",
        pipeline: #"""
          from: {list: [a, 'b"x', c]}, attempts: 2, quarantine: {file: q},
          ordered: true, stages: [{name: x, shell: 'read -r x; echo $x; test "$x" != "b\"x" || exit 7', mode: each}]
          """#, after: "&& cut -c-42 q",
        output: "a\nc\n{\"input\":1,\"stage\":\"x\",\"record\":\"b\\\"x\",\"fa\n"),
      Case(
        name: "aCrashOfAnAnswer",
        pipeline: """
          from: {range: [1, 3000]}, quarantine: {file: q},
          stages: [{command: [sed, -u, '/^1234$/Q9'], mode: answer, timeLimit: 10s}]
          """, after: "| wc -l; grep -c 'exited 9.*exited 9.*exited 9' q; wc -l < q; cut -c-14 q",
        output: "2999\n1\n1\n{\"input\":1233,\n"),
      Case(
        name: "tooManyAnswers",
        pipeline: "from: {list: [a]}, to: 'null', stages: [{command: [sed, -u, p], mode: answer}]",
        code: 1, errors: "more than one record for one"),
      Case(
        name: "anAnswerThatIsNotFlushed",
        pipeline: """
          from: {list: [a]}, attempts: 1,
          stages: [{command: [sed, p], mode: answer, timeLimit: 300ms}]
          """, code: 1, errors: "does it flush it (sed -u"),
      Case(
        name: "anEndBeforeTheAnswer",
        pipeline: "from: {list: [a]}, stages: [{command: ['true'], mode: answer}]", code: 1,
        errors: "exited 0 before it had answered"),
      Case(
        name: "halfAnAnswer",
        pipeline: "from: {list: [a]}, stages: [{shell: read x; printf half, mode: answer}]",
        code: 1,
        errors: "in the middle of a record"),
      Case(
        name: "timeLimit",
        pipeline:
          "from: {list: [a]}, attempts: 1, stages: [{shell: sleep 60, mode: each, timeLimit: 200ms}]",
        code: 1, errors: "longer than the timeLimit"),
      Case(
        name: "aStreamThatFails",
        pipeline: "from: {list: [a]}, to: 'null', stages: [{name: bad, shell: cat; exit 3}]",
        code: 1,
        errors: "stage bad in bad"),
      Case(
        name: "noUTF8AsArgument",
        pipeline: "from: {files: [in]}, stages: [{command: [echo, '{}'], mode: each}]",
        before: "printf '\\377\\n' > in", code: 1, errors: "no UTF-8"),
      Case(
        name: "partitionByField",
        pipeline: """
          from: {list: [x a, y b, z a, v b, w a]}, stages: [{
          shell: 'cut -d" " -f2 | sort -u | wc -l', workers: 3, partition: {field: 2}},
          {command: [awk, "{s += $1} END {print s}"]}]
          """, output: "2\n"),
      Case(
        name: "partitionByJSON",
        pipeline: """
          from: {list: ['{"k": [1, {"a/b": 5}]}', '{"z": 1, "k": [2, {"a/b": 5}]}']}, stages: [{
          shell: 'n=$(wc -l); test $n = 0 || echo $n', workers: 4, partition: {json: '/k/1/a~1b'}}]
          """, output: "2\n"),
      Case(
        name: "noJSON",
        pipeline: """
          from: {list: ['{x']},
          stages: [{command: [cat], workers: 2, partition: {json: /a}}]
          """,
        code: 1, errors: "input 1: a record is no JSON at its byte 1"),
      Case(
        name: "partitionByMatch",
        pipeline: """
          from: {list: [k=1 a, b k=1, c k=1 d]}, stages: [{
          shell: 'n=$(wc -l); test $n = 0 || echo $n', workers: 4, partition: {match: 'k=(\\d)'}}]
          """, output: "3\n"),
      Case(
        name: "broadcast",
        pipeline: "from: {list: [a]}, stages: [{command: [cat], workers: 3, broadcast: true}]",
        output: "a\na\na\n"),
      Case(
        name: "branches",
        pipeline: """
          from: {range: [1, 3]}, stages: [{command: [cat]}, {branches: {
          x: [{command: [sed, -u, s/^/x/], mode: answer}],
          y: [{branches: {z: [{command: [sed, s/^/z/]}], w: [{command: [echo, 'w{}'], mode: each}]}},
          {command: [sed, s/^/y/]}]}}, {command: [sort]}]
          """, output: "x1\nx2\nx3\nyw1\nyw2\nyw3\nyz1\nyz2\nyz3\n"),
      Case(
        name: "branchesInOrder",
        pipeline: """
          from: {range: [1, 3]}, ordered: true, stages: [{branches: {
          x: [{shell: 'read n; sleep 0.$n; echo x$n', mode: each, workers: 3}],
          y: [{command: [sed, -u, s/^/y/], mode: answer}]}}]
          """, output: "x1\ny1\nx2\ny2\nx3\ny3\n"),
      Case(
        name: "aRefusalInABranch",
        pipeline: """
          from: {range: [1, 3]}, quarantine: {file: q}, stages: [{branches: {
          x: [{shell: 'read n; test $n != 2 && echo $n', mode: each}], y: [{command: [cat]}]}},
          {command: [sort]}]
          """, after: "&& cut -c-28 q",
        output: "1\n1\n2\n3\n3\n{\"input\":1,\"stage\":\"stage-1\"\n"),
      Case(
        name: "aFullDisk",
        pipeline: "from: {range: [1, 9]}, to: {file: /dev/full}, stages: [{command: [cat]}]",
        code: 1, errors: "/dev/full: No space left on device"),
      Case(
        name: "aFullQuarantine",
        pipeline:
          "from: {range: [1, 9]}, quarantine: {file: /dev/full}, stages: [{shell: exit 1, mode: each}]",
        code: 1, errors: "/dev/full: No space left on device"),
      Case(
        name: "aDirectoryAsFile",
        pipeline: "from: {list: [a]}, to: {file: .}, stages: [{command: [cat]}]", code: 2,
        errors: "'.' is a directory"),
      Case(
        name: "aFileThatMayNotGrow",
        pipeline: "from: {command: [seq, 1000000]}, to: {file: o}, stages: [{command: [cat]}]",
        before: "ulimit -f 64", code: 1, errors: "/o: File too large"),
      Case(
        name: "noAnswer",
        pipeline: """
          from: {list: [a]}, attempts: 2,
          stages: [{command: [sed, -un, 1d], mode: answer, timeLimit: 300ms}]
          """, code: 1, errors: "failed 2 times at the stage stage-1"),
      Case(
        name: "aRecordTooLongForAnArgument",
        pipeline: "from: {files: [in]}, stages: [{command: ['true', 'x{}'], mode: each}]",
        before: "head -c 204800 /dev/zero | tr '\\0' a > in", code: 1,
        errors: "a record over 128 KiB cannot be an argument"),
      Case(
        name: "aZeroByteInAnArgument",
        pipeline:
          "from: {files: [in]}, quarantine: {file: q}, stages: [{command: [echo, '{}'], mode: each}]",
        before: "printf 'a\\0b\\nc\\n' > in", after: "&& grep -c 'zero byte' q", output: "c\n1\n"),
      Case(
        name: "anOptionAsArgument",
        pipeline: """
          from: {list: ['-rf', '{}']}, ordered: true,
          stages: [{command: [printf, '%s\\n', '{}'], mode: each}]
          """,
        output: "-rf\n{}\n"),
      Case(
        name: "keysThatAreMissingEmptyOrLong",
        pipeline: """
          from: {files: [in]}, stages: [{
          shell: 'cut -d, -f2 | cut -c-9 | sort | uniq -c | sed "s/^ *//"', workers: 8,
          partition: {field: 2, separator: ','}}, {command: [sort]}]
          """,
        before: """
          { printf 'a\\nb,\\nc,,x\\n'; x=$(head -c 1000000 /dev/zero | tr '\\0' k); \
          for n in 1 2 3; do echo "$n,$x"; done; for n in 1 2 3 4; do echo "$n,q"; done; } > in
          """,
        output: "1 a\n2 \n3 kkkkkkkkk\n4 q\n"),
      Case(
        name: "aClosedOutput",
        pipeline: "from: {range: [1, 1000000]}, stages: [{command: [cat]}]",
        before: "exec 4>&1", after: "| head -n 1", output: "1\n"),
    ]

    @Test(arguments: cases, startMethods) func aPipelineRuns(of file: Case, method: String) throws {
      let run = try Tool.pipeline(file.pipeline, method, before: file.before, after: file.after)
        .end()
      #expect(run.code == file.code, "\(run.output)\(run.errors)")
      #expect(run.output == file.output, "\(run.errors)")
      #expect(file.errors.isEmpty || run.errors.contains(file.errors), "\(run.errors)")
    }

    @Test func aClosedOutputEndsTheRunAsTheSignalWould() throws {
      let file =
        "ptree: 1\nnodes: {g: {nodes: {p: {pipeline: {from: {range: [1, 1000000]}, "
        + "stages: [{command: [cat]}]}}}}, s: {shell: sleep 60}}\n"
      let run = try Tool(
        shell: """
          printf '%s' "$TEXT" > t.yaml
          { "$PTREE" run t.yaml --quiet; echo $? >&2; } | head -n 1
          """, environment: ["TEXT": file]
      ).end()
      #expect(run.output == "1\n")
      #expect(run.errors.hasSuffix("141\n"))
    }

    /// Framings, and what goes through them as it is, whatever its bytes.
    @Test(arguments: [
      ("lines", "head -c 300000 /dev/urandom > in; echo >> in"),
      ("nul", "head -c 300000 /dev/urandom > in; printf '\\0' >> in"),
      ("length", "printf '\\3\\0\\0\\0a\\377\\n\\0\\0\\0\\0\\2\\0\\0\\0\\0\\n' > in"),
      ("lengthBigEndian", "printf '\\0\\0\\0\\3a\\377\\n\\0\\0\\0\\0\\0\\0\\0\\2\\0\\n' > in"),
      ("bytes", "head -c 3000000 /dev/urandom > in"),
    ])
    func bytesStayBytes(framing: String, input: String) throws {
      let unit = "input: \(framing), output: \(framing)"
      let modes = framing == "bytes" ? ["stream", "each"] : ["stream", "answer"]
      let stages = modes.map { "{command: [cat], mode: \($0), \(unit)}" }
      let run = try Tool.pipeline(
        """
        from: {files: [in], items: \(framing)}, to: {file: out, items: \(framing)}, ordered: true,
        stages: [\(stages.joined(separator: ", "))]
        """, before: input, after: "; echo $?; cmp in out && echo same"
      ).end()
      #expect(run.output == "0\nsame\n", "\(run.errors)")
    }

    /// Records that travel whole between streams, and singly where somebody looks at them, in all
    /// mixtures.
    @Test(arguments: [
      "{command: [cat]}, {command: [cat], workers: 3}, {command: [cat]}",
      "{command: [cat], partition: whole, workers: 3}, {command: [cat]}",
      "{command: [cat]}, {command: [cat], mode: answer}, {command: [cat]}, {command: [cat]}",
      "{command: [tr, '\\n', '\\0'], output: nul}, {command: [cat], input: nul, output: nul}, {command: [tr, '\\0', '\\n'], input: nul}",
      "{command: [cat], workers: 2}, {branches: {a: [{command: [cat]}], b: [{shell: cat >/dev/null}]}}",
      "{branches: {a: [{command: [cat]}], b: [{shell: 'read x || :', mode: each}]}}, {command: [cat]}",
    ])
    func wholeRecordsAreTheSameRecords(stages: String) throws {
      let run = try Tool.pipeline(
        "from: {files: [in]}, to: {file: out}, stages: [\(stages)]",
        before: "seq 1500 | awk '{x = x $1; print substr(x, 1, $1)}' > in; printf last >> in",
        after: "; echo $?; sort out > a; { cat in; echo; } | sort | cmp - a && echo same"
      ).end()
      #expect(run.output == "0\nsame\n", "\(run.errors)")
    }
  }
}
