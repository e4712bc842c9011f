import Testing

@testable import ProcessTreeTopologyFormat

/// The diagnostics of a text, each as `line:column:code`.
func diagnose(_ text: String, _ change: (inout CheckOptions) -> Void = { _ in }) -> [String] {
  check(text, change).diagnostics.sorted.map {
    "\($0.place.line):\($0.place.column):\($0.code.rawValue)"
  }
}

/// A check of a text, with other files beside it.
func check(
  _ text: String, files: [String: String] = [:], _ change: (inout CheckOptions) -> Void = { _ in }
) -> CheckedFile {
  var options = CheckOptions()
  options.looksForExecutables = false
  change(&options)
  return TopologyReader.check("/t/t.yaml", options) { path in
    path == "/t/t.yaml" ? text : files[path]
  }
}

/// A file with these nodes.
func topology(_ nodes: String, top: String = "") -> String {
  "ptree: 1\n" + top + "nodes:\n" + nodes
}

/// A small file and what is wrong with it.
struct Fault: CustomTestStringConvertible, Sendable {
  let text: String
  let expected: [String]
  /// Words of the first message.
  let words: String

  init(_ text: String, _ expected: String..., words: String = "") {
    self.text = text
    self.expected = expected
    self.words = words
  }

  var testDescription: String { text.prefix(60) + "" }

  /// A node `a` with further keys, which begin at line 4.
  static func node(_ keys: String, _ expected: String..., words: String = "") -> Fault {
    var fault = Fault(topology("  a:\n    " + keys + "\n"), words: words)
    fault = Fault(fault.text, expected, words)
    return fault
  }

  /// A pipeline whose stage has this partition.
  static func partition(_ partition: String, _ expected: String, words: String = "") -> Fault {
    let stage = "{shell: cat, workers: 2, partition: \(partition)}"
    return .node("pipeline: {from: {list: [a]}, stages: [\(stage)]}", expected, words: words)
  }

  private init(_ text: String, _ expected: [String], _ words: String) {
    self.text = text
    self.expected = expected
    self.words = words
  }
}

struct CheckTests {
  /// Each variable refers to the one before twice.
  @Test func wrongVariablesOfVariablesAreLookedAtOnce() {
    let variables = (1...40).map { "  v\($0): \"${{ v\($0 - 1) }}${{ v\($0 - 1) }}\"\n" }.joined()
    let text = topology(
      "  a: {shell: \"${{ v40 }}\"}\n", top: "variables:\n  v0: \"${{ 1 + }}\"\n" + variables)
    #expect(!diagnose(text).isEmpty)
  }

  @Test func ofManyWrongExpressionsTheFirstAreReported() {
    let text = topology("  a: {shell: '\(String(repeating: "${{ }}", count: 100_000))'}\n")
    #expect(check(text).diagnostics.sorted.count == 20)
  }

  @Test func anEndlessCommandIsOneMessage() {
    let text = topology("  a: {command: \(String(repeating: "a", count: 500_000))}\n")
    #expect(diagnose(text).count == 1)
  }

  static let faults: [Fault] =
    files + keys + types + names + dependencies + expressions + pipelines

  static let files: [Fault] = [
    Fault("", "1:1:missingKey", words: "says nothing"),
    Fault("# nothing\n", "1:1:missingKey"),
    Fault("null", "1:1:missingKey"),
    Fault("[]", "1:1:wrongType", words: "a map of keys"),
    Fault("hello", "1:1:wrongType"),
    Fault("nodes: {a: {shell: x}}", "1:1:unsupportedVersion", words: "begins with 'ptree: 1'"),
    Fault("ptree: 2\n", "1:8:unsupportedVersion", words: "needs format 2"),
    Fault("ptree: \"1.9\"\n", "1:8:unsupportedVersion", words: "needs format 1.9"),
    Fault("ptree: one\n", "1:8:unsupportedVersion", words: "write ptree: 1"),
    Fault("ptree: 1\n", "1:1:missingKey", words: "has 'nodes'"),
    Fault("ptree: 1\nnodes: {}\n", "2:8:missingKey", words: "at least one node"),
    Fault("ptree: 1\n---\nptree: 1\n", "2:1:invalidYAML", words: "second document"),
    Fault("ptree: 1\nnodes:\n\ta: {shell: x}\n", "3:1:invalidYAML", words: "not by tabs"),
    Fault("ptree: 1\nname: \"x\n", "2:7:invalidYAML", words: "quoted scalar"),
    Fault("ptree: 1\nname: \u{1}x\n", "2:7:invalidYAML", words: "U+0001"),
    Fault(
      "ptree: 1\nnodes: {a: {command: [x, ${{ y }}]}}\n", "2:27:invalidYAML",
      words: "has to stand in quotes"),
    Fault("ptree: 1\nnodes: {a: {shell: x}}\nnodes: {}\n", "3:1:duplicateKey", words: "2:1"),
    Fault(topology("  a: {shell: x, shell: y}\n"), "3:17:duplicateKey", words: "3:7"),
    Fault("ptree: 1\nnodes: {a: *b}\n", "2:12:invalidYAML", words: "undefined alias"),
    Fault(topology("  a: {<<: 5, shell: x}\n"), "3:7:wrongType", words: "takes a map"),
    Fault(topology("  a: !foo {shell: x}\n"), "3:6:wrongType", words: "in quotes"),
    Fault(topology("  a: !!set {shell: x}\n"), "3:6:wrongType", words: "leave '!!set' out"),
    Fault(topology("  ? [a]\n  : {shell: x}\n"), "3:5:wrongType", words: "a key is text"),
  ]

  static let keys: [Fault] = [
    .node("shell: x\n    depends_on: [b]", "5:5:unknownKey", words: "did you mean 'dependsOn'"),
    .node("shell: x\n    replicas: 3", "5:5:unknownKey", words: "did you mean 'instances'"),
    .node("shell: x\n    working_dir: /", "5:5:unknownKey", words: "did you mean 'directory'"),
    .node("shell: x\n    env: {}", "5:5:unknownKey", words: "did you mean 'environment'"),
    .node("shell: x\n    restrat: never", "5:5:unknownKey", words: "did you mean 'restart'"),
    .node("shell: x\n    qqqqqqq: 1", "5:5:unknownKey", words: "it has command"),
    .node("cmd: x", "4:5:missingKey", "4:5:unknownKey", words: "one of command"),
    .node("shell: x\n    command: [x]", "5:5:exclusiveKeys", words: "'shell' and 'command'"),
    .node("nodes: {b: {shell: x}}\n    instances: 2", "5:5:keyOfOtherKind", words: "does not fit"),
    .node("shell: x\n    limit: 2", "5:5:keyOfOtherKind", words: "it fits nodes and file"),
    .node("shell: x\n    readiness: {every: 1s}", "5:16:missingKey", words: "one of command"),
    .node(
      "shell: x\n    restart: {backoff: {first: 1s}}", "5:14:missingKey", words: "the key 'when'"),
    Fault("ptree: 1\nservices: {}\n", "1:1:missingKey", "2:1:unknownKey"),
    Fault(topology("  a: {shell: x}\n", top: "y-x: 1\n"), "2:1:unknownKey"),
  ]

  static let types: [Fault] = [
    .node("command: sleep 5", "4:14:wrongType", words: "Write [sleep, \"5\"], or use 'shell'."),
    .node("command: []", "4:14:wrongValue", words: "at least 1 element;"),
    .node(
      "command: ./web --port ${{ 80 }} 'a b'", "4:14:wrongType",
      words: "Write [./web, --port, \"${{ 80 }}\", \"a b\"], or use 'shell'."),
    .node("command: ls *.c | wc", "4:14:wrongType", words: "Use 'shell' for what a shell"),
    .node("command: \"\"", "4:14:wrongType", words: "then its arguments."),
    .node("command: [\"\", x]", "4:15:wrongValue", words: "here is an empty text"),
    .node("command: [x, \"a\\0b\"]", "4:18:wrongValue", words: "no zero byte"),
    .node(
      "shell: \"a\\0${{ run.id }}\"\n    directory: \"\\0\"", "4:12:wrongValue", "5:16:wrongValue"),
    .node("command: [[x]]", "4:15:wrongType", words: "is text"),
    .node("shell: [x]", "4:12:wrongType", words: "'shell' is text"),
    .node("shell: {a: b}", "4:12:wrongType"),
    .node("shell:", "4:11:wrongType", words: "nothing"),
    .node("shell: x\n    timeLimit: 5", "5:16:wrongValue", words: "write 5s, 5m or 5ms"),
    .node("shell: x\n    timeLimit: soon", "5:16:wrongValue", words: "a time such as"),
    .node("shell: x\n    timeLimit: -5s", "5:16:wrongValue"),
    .node("shell: x\n    instances: -1", "5:16:wrongValue", words: "from 0 to 1000"),
    .node("shell: x\n    instances: 100000", "5:16:wrongValue"),
    .node("shell: x\n    instances: two", "5:16:wrongType"),
    .node("shell: x\n    instances: \"2\"", "5:16:wrongType"),
    .node("shell: x\n    umask: 22", "5:12:wrongValue", words: "four octal digits"),
    .node("shell: x\n    umask: 0999", "5:12:wrongValue"),
    .node("shell: x\n    mayFail: yes", "5:14:wrongType", words: "write true or false; here"),
    .node("shell: x\n    mayFail: \"true\"", "5:14:wrongType", words: "without quotes"),
    .node("shell: x\n    restart: on-failure", "5:14:wrongValue", words: "'onFailure'"),
    .node("shell: x\n    restart: allways", "5:14:wrongValue", words: "did you mean 'always'"),
    .node("shell: x\n    restart: [always]", "5:14:wrongType"),
    .node("shell: x\n    success: [256]", "5:15:wrongValue"),
    .node("shell: x\n    stop: {signal: TREM}", "5:20:wrongValue", words: "did you mean 'TERM'"),
    .node("shell: x\n    limits: {addressSpace: 2GB}", "5:28:wrongValue", words: "2GiB"),
    .node("shell: x\n    readiness: {port: 70000}", "5:23:wrongValue", words: "1 to 65535"),
    .node("shell: x\n    readiness: {http: \"https://a\"}", "5:23:wrongValue", words: "curl"),
    .node("shell: x\n    readiness: {line: \"(\"}", "5:23:wrongValue", words: "regular"),
    .node("shell: x\n    readiness: {notify: false}", "5:25:wrongType"),
    .node("shell: x\n    liveness: {line: x}", "5:16:unknownKey", "5:15:missingKey"),
    .node("shell: x\n    environment: [A=b]", "5:18:wrongType"),
    .node("shell: x\n    environment: {A: [b]}", "5:22:wrongType"),
    .node("shell: x\n    environment: {1A: b}", "5:19:invalidName"),
    .node("shell: x\n    environment: {A: {secret: a, secretFile: b}}", "5:34:exclusiveKeys"),
    .node("nodes: {b: {shell: x}}\n    stop: {command: [x]}", "5:12:meaningless"),
    .node("nodes: {b: {shell: x}}\n    stop: {signal: INT}", "5:12:meaningless"),
    Fault(topology("  a: {shell: x}\n", top: "stop: {signal: INT}\n"), "2:8:meaningless"),
    .node(
      "shell: x\n    readiness: {file: x, delay: 2s, within: 2s}", "5:26:meaningless",
      words: "up within 2s"),
    .node(
      "shell: x\n    readiness: {line: x, every: 2s, within: 2s}", "5:26:meaningless",
      words: "means nothing with 'line'"),
    .node("shell: x\n    liveness: {notify: true, timeout: 2s}", "5:30:meaningless"),
    .node("shell: x\n    readiness: {file: x, failures: 0}", "5:36:wrongValue"),
    .node("shell: x\n    profiles: [a]", "2:1:neverReached", words: "--profile"),
    .node("shell: x\n    start: manual", "2:1:neverReached"),
    .node("shell: x\n    restart: {when: always, backoff: {factor: 0}}", "5:47:wrongValue"),
  ]

  static let names: [Fault] = [
    Fault(topology("  a/b: {shell: x}\n"), "3:3:invalidName"),
    Fault(topology("  ..: {shell: x}\n"), "3:3:invalidName"),
    Fault(topology("  a b: {shell: x}\n"), "3:3:invalidName"),
    Fault(topology("  ä: {shell: x}\n"), "3:3:invalidName"),
    Fault(topology("  1a: {shell: x}\n"), "3:3:invalidName"),
    Fault(topology("  \"\": {shell: x}\n"), "3:3:invalidName"),
    Fault(
      topology("  \(String(repeating: "a", count: 49)): {shell: x}\n"), "3:3:invalidName",
      words: "at most 48"),
    Fault(
      topology("  a: {shell: x, instances: 2}\n  a-2: {shell: x}\n"), "4:3:duplicateNode",
      words: "an instance of 'a' (line 3)"),
    Fault(topology("  a: {shell: x}\n", top: "name: 1a\n"), "2:7:invalidName"),
  ]

  static let dependencies: [Fault] = [
    Fault(
      topology("  web: {shell: x, dependsOn: {databse: up}}\n  database: {shell: y}\n"),
      "3:31:unknownNode", words: "did you mean 'database' (line 4)"),
    Fault(
      topology(
        "  a: {shell: x, dependsOn: {b: up}}\n  b: {shell: x, dependsOn: {c: up}}\n  c: {shell: x, dependsOn: {a: up}}\n"
      ),
      "3:3:cycle", words: "a → b → c → a"),
    Fault(topology("  a: {shell: x, dependsOn: {a: up}}\n"), "3:3:cycle", words: "for itself"),
    // A value of the wrong type does not hide what is wrong with names.
    Fault(
      topology(
        "  a: {shell: x, mayFail: yes}\n  b: {shell: x, dependsOn: [aa]}\n"
          + "  c: {nodes: {d: {shell: x, dependsOn: {d: up}}}}\n",
        top: "endsWith: [bb]\n"),
      "2:12:unknownNode", "4:26:wrongType", "5:29:unknownNode", "6:15:cycle"),
    Fault(
      topology("  a: {shell: x, restart: always}\n  b: {shell: x, dependsOn: {a: succeeded}}\n"),
      "4:29:neverReached", words: "without end"),
    Fault(
      topology("  job: {shell: x}\n  b: {shell: x, dependsOn: [job]}\n"),
      "4:29:ambiguousDependency", words: "'started' or 'succeeded' meant"),
    Fault(topology("  a: {shell: x, dependsOn: {b: upp}}\n  b: {shell: x}\n"), "3:32:wrongValue"),
    Fault(topology("  a: {shell: x}\n", top: "endsWith: [b]\n"), "2:12:unknownNode"),
    Fault(
      topology("  a: {shell: x, restart: always}\n", top: "endsWith: [a]\n"), "2:12:neverReached"),
    Fault(
      topology("  a: {shell: x, restart: always}\n", top: "endsWith: any\n"), "2:11:meaningless"),
    Fault(
      topology("  a: {shell: x, restart: always, instances: 3}\n", top: "limit: 2\n"),
      "2:8:neverReached"),
    Fault(
      topology("  a: {shell: x, start: manual}\n  b: {shell: x, dependsOn: {a: started}}\n"),
      "4:29:neverReached", words: "start: manual"),
    Fault(
      topology("  g: {nodes: {x: {shell: x}}}\n  a: {shell: x, dependsOn: [x]}\n"),
      "4:29:unknownNode"),
    Fault(topology("  a: {program: P}\n"), "3:16:missingApp", words: "app: PATH"),
  ]

  static let expressions: [Fault] = [
    Fault(
      topology("  a: {shell: \"${{ prot }}\"}\n", top: "variables: {port: 1}\n"),
      "2:13:unusedVariable", "4:15:invalidExpression", words: "nobody uses"),
    .node("shell: a ${{ env.NOT_SET_EVER }}", "4:14:unsetVariable"),
    .node("shell: ${{ env.NOT_SET_EVER }}", "4:12:unsetVariable", words: "has no value"),
    .node(
      "shell: \"${{ 1 + }} x $${{ ${{ env.NOT_SET_EVER }} ${{ 2 }} ${{ 'a' + 1 }} ${{ x\"",
      "4:13:invalidExpression", "4:31:unsetVariable", "4:64:invalidExpression",
      "4:79:invalidExpression"),
    .node("shell: \"x ${{ 1 + }}\"", "4:15:invalidExpression", words: "ends too early"),
    .node("shell: \"${{ 1 - 2 }}\"", "4:13:invalidExpression"),
    .node("shell: \"${{ 'a' + 1 }}\"", "4:13:invalidExpression", words: "adds numbers"),
    .node("shell: \"${{ x\"", "4:13:invalidExpression", words: "not closed"),
    .node("shell: \"${{ run.di }}\"", "4:13:invalidExpression", words: "did you mean 'run.id'"),
    .node("shell: x\n    timeLimit: \"${{ 5 }}\"", "5:16:wrongValue", words: "a time has a unit"),
    .node("shell: x\n    instances: \"${{ instance }}\"", "5:16:invalidExpression"),
    .node("shell: x\n    description: ${{ run.name", "5:18:invalidExpression"),
    Fault(
      topology("  a: {shell: \"${{ x }}\"}\n", top: "variables: {x: {required: true}}\n"),
      "2:13:unsetVariable"),
    Fault(
      topology(
        "  a: {shell: \"${{ x }}\"}\n", top: "variables: {x: \"${{ y }}\", y: \"${{ x }}\"}\n"),
      "2:17:invalidExpression", "2:32:invalidExpression", "4:15:invalidExpression",
      words: "refers to itself"),
    Fault(
      topology("  a: {shell: \"${{ s }}\"}\n", top: "variables: {s: {default: x, secret: true}}\n"),
      "4:14:misplacedSecret"),
    // Nothing else is reported of it, and no file of that name is opened.
    Fault(
      topology("  a: {file: \"${{ s }}\"}\n", top: "variables: {s: {default: x, secret: true}}\n"),
      "4:13:misplacedSecret"),
    Fault(
      "ptree: 1\ninclude: [\"${{ run.name }}.yaml\"]\nnodes: {a: {shell: x}}\n",
      "2:11:invalidExpression"),
    Fault("ptree: 1\ninclude: x.yaml\n", "2:10:wrongType"),
    Fault(
      topology("  a: {shell: x}\n", top: "variables: {Port: 1}\n"), "2:13:invalidName",
      "2:13:unusedVariable"),
  ]

  static let pipelines: [Fault] = [
    .node(
      "pipeline: {from: {list: [a]}, stages: [{command: [cat, \"{}\"]}]}", "4:45:meaningless",
      words: "mode: each"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{shell: cat, workers: 2..8}]}", "4:57:meaningless"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{shell: cat, mode: answer, input: bytes}]}",
      "4:71:meaningless"),
    .node("pipeline: {from: {list: [a]}}", "4:15:missingKey", words: "needs the key 'stages'"),
    .node("pipeline: {from: {}, stages: [{shell: cat}]}", "4:22:missingKey"),
    .node("pipeline: {from: {range: [5, 1]}, stages: [{shell: cat}]}", "4:30:wrongValue"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{name: s, shell: cat}, {name: s, shell: cat}]}",
      "4:68:duplicateNode"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{shell: cat, workers: 65}]}", "4:66:wrongValue"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{branches: {x: [{shell: cat}]}}]}",
      "4:55:wrongValue", words: "at least 2"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{branches: {x: [{shell: cat}], y: []}}]}",
      "4:78:wrongValue"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{workers: 2, branches: {x: [{shell: cat}], y: [{shell: cat}]}}]}",
      "4:45:meaningless", words: "branches have no 'workers'"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{branches: {x: [{name: s, shell: cat}], y: [{name: s, shell: cat}]}}]}",
      "4:89:duplicateNode"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{branches: {x: [{name: y, shell: cat}], y: [{shell: cat}]}}]}",
      "4:84:duplicateNode", words: "'y' is the stage at line 4 already"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{branches: {x: [{shell: cat}], y: [{name: x, shell: cat}]}}]}",
      "4:80:duplicateNode", words: "'x' is the branch at line 4 already"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{branches: {x: [{shell: cat, workers: 2..3}], y: [{shell: cat}]}}]}",
      "4:73:meaningless"),
    .node(
      "pipeline: {from: {list: [a]}, stages: [{shell: cat, mode: each, broadcast: true, workers: 2..3}]}",
      "4:86:meaningless", words: "'broadcast'"),
    .partition("{field: 2, separator: ''}", "4:102:wrongValue", words: "spaces and tabs"),
    .partition("{field: 2, separator: '${{ run.id }}'}", "4:102:invalidExpression"),
    .partition("{json: /a, separator: ','}", "4:91:meaningless", words: "belongs to 'field'"),
    .partition("{match: '('}", "4:88:wrongValue", words: "'match' is a regular expression"),
  ]

  @Test(arguments: faults) func aFaultIsReportedAtItsPlace(fault: Fault) throws {
    let checked = check(fault.text)
    let found = checked.diagnostics.sorted
    #expect(
      Set(found.map { "\($0.place.line):\($0.place.column):\($0.code.rawValue)" })
        == Set(fault.expected), "\(found.map(\.message))")
    #expect(
      found.contains { fault.words.isEmpty || $0.message.contains(fault.words) },
      "\(found.map(\.message))")
    #expect(checked.topology == nil || found.allSatisfy { $0.severity == .warning })
  }
}
