extension Schema {
  private static let executables: Set<NodeKind> = [.command, .shell]
  private static let processes: Set<NodeKind> = [.command, .shell, .program]

  /// The signals that ask a command to end.
  static let stopSignals = ["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL"]

  /// A node.
  static let node = ObjectShape(
    name: "node", title: "a node",
    keys: [
      key("command", .named("arguments"), "the executable and its arguments; no shell is involved"),
      key("shell", .text(.any), "text for `/bin/sh -c`"),
      key("program", .text(.known), "the name of a Swift program of the app, with `arguments`"),
      key("pipeline", .object("pipeline"), "stages that records run through"),
      key("nodes", .named("nodes"), "a group in a process of its own"),
      key(
        "file", .text(.known),
        "a group from another file, with `variables`; paths in it count from it"),
      key(
        "arguments", .map(keys: .any, of: .anything, least: 0), "the properties of the program",
        kinds: [.program]),
      key(
        "variables", .map(keys: .variableName, of: .text(.record), least: 0),
        "values of the other file's variables", kinds: [.file]),
      key(
        "instances", count,
        "how many; they are called `NAME-1` …, and are told `${{ instance }}` and `PTREE_INSTANCE`",
        without: "one, called `NAME`", kinds: processes),
      onKey,
      key(
        "dependsOn", .named("dependencies"),
        "sibling → `started`, `up`, `succeeded`, `ended`; a list means `up`, and names groups and nodes with `readiness` only",
        without: "none"),
      key(
        "readiness", .object("readiness"), "a check; the node is up when it has succeeded",
        without: "up when started", kinds: processes),
      key(
        "liveness", .object("liveness"),
        "a check from when it is up on; `failures` in a row end the node, as a failure",
        without: "none",
        kinds: processes),
      key(
        "restart", .named("restart"),
        "`always`, `onFailure`, `never`, or `{when, backoff}`", without: "`never`"),
      key(
        "success", .list(of: .integer(0...255), least: 0, most: 256),
        "further exit codes that are no failure", without: "0", kinds: executables),
      key("timeLimit", .time, "how long one life may take; it then fails", without: "any time"),
      key("stop", .object("stop"), "how it is stopped", without: "SIGTERM, 7 s"),
      key(
        "mayFail", .boolean, "its failure is reported, and is none of the group's",
        without: "`false`"),
      key(
        "start", .word(["automatic", "manual"]),
        "`manual`: listed, and started by `ptree start` only",
        without: "`automatic`"),
      key(
        "profiles", .list(of: .text(.name), least: 1, most: 100),
        "only with one of these, or when something that runs depends on it", without: "always"),
      key(
        "directory", .text(.any), "the working directory, from the file's own",
        without: "the file's own", kinds: executables),
      key("user", .text(.known), "the user that it runs as", kinds: executables),
      key("group", .text(.known), "the group that it runs as", kinds: executables),
      key(
        "umask", .text(.mode), "the file mode creation mask, such as `\"0022\"`", kinds: executables
      ),
      key("limits", .object("limits"), "what the kernel limits for it", kinds: executables),
      key(
        "input", .named("input"), "`null`, `{file: PATH}`", without: "the null device",
        kinds: executables),
      key(
        "output", .named("output"), "`log`, `null`, `{file, append}`", without: "`log`",
        kinds: executables),
      key(
        "error", .named("errorOutput"), "the same, or `output` for `2>&1`", without: "`log`",
        kinds: executables),
      key("log", .object("log"), "how much of its output is kept", without: "16 MiB"),
      key("description", .text(.known), "text for people"),
    ] + groupKeys + sharedKeys, exactlyOne: NodeKind.allCases.map(\.rawValue))

  private static let checkKeys: [Key] = [
    key("command", .named("arguments"), "exits with 0"),
    key("shell", .text(.any), "exits with 0"),
    key("http", .text(.any), "answers a GET with a status from 200 to 299"),
    key("port", .text(.port), "somebody accepts: `8080`, `HOST:8080`, or the path of a socket"),
    key(
      "line", .text(.any), "a line of the output in which this regular expression finds something"),
    key("file", .text(.any), "exists"),
    key(
      "notify", .yes,
      "the node reports `READY=1` to `NOTIFY_SOCKET`; as liveness, `WATCHDOG=1` at least once in `every` × `failures`"
    ),
  ]
  private static let timingKeys: [Key] = [
    key("delay", .time, "before the first check", without: "0s"),
    key("every", .time, "between checks", without: "1s"),
    key("timeout", .time, "how long one may take", without: "1s"),
    key(
      "failures", .integer(1...1_000),
      "after how many in a row it is down, or, as liveness, has failed", without: "3"),
    key(
      "successes", .integer(1...1_000), "how many in a row it takes to be up", without: "1"),
  ]

  static let nodeObjects: [ObjectShape] = [
    ObjectShape(
      name: "readiness", title: "'readiness'",
      keys: checkKeys + timingKeys + [
        key("within", .time, "when it has failed that is not up by then", without: "30s")
      ], exactlyOne: checkKeys.map(\.name)),
    ObjectShape(
      name: "liveness", title: "'liveness'",
      keys: checkKeys.filter { $0.name != "line" } + timingKeys,
      exactlyOne: checkKeys.map(\.name).filter { $0 != "line" }),
    ObjectShape(
      name: "restartRule", title: "'restart'",
      keys: [
        key("when", .word(restartWords), "after which ends", isRequired: true),
        key("backoff", .object("backoff"), "the time before each restart", without: "none"),
      ]),
    ObjectShape(
      name: "backoff", title: "'backoff'",
      keys: [
        key("first", .time, "before the first restart", without: "100ms"),
        key("factor", .number(1...1_000), "by how much each is longer", without: "2"),
        key("most", .time, "the longest", without: "30s"),
        key("jitter", .number(0...1), "the part that chance decides", without: "0"),
      ]),
    ObjectShape(
      name: "stop", title: "'stop'",
      keys: [
        key(
          "signal", .word(stopSignals),
          "the first signal", without: "`TERM`"),
        key("command", .named("arguments"), "a command that stops it, in place of the signal"),
        key("within", .time, "SIGKILL follows then", without: "7s"),
      ]),
    ObjectShape(
      name: "limits", title: "'limits'",
      keys: [
        key("cpuTime", .time, "processor time"),
        key("addressSpace", .size, "the address space"),
        key("openFiles", .size, "descriptors"),
        key("processes", .size, "processes of the user"),
        key("fileSize", .size, "a file that is written"),
        key("coreSize", .size, "core dumps"),
        key("stackSize", .size, "the stack"),
      ]),
    ObjectShape(
      name: "secret", title: "a secret",
      keys: [
        key("secret", .text(.any), "the text itself, which is never shown"),
        key("secretFile", .text(.any), "a file that holds it"),
      ], exactlyOne: ["secret", "secretFile"]),
    ObjectShape(
      name: "inputFile", title: "'input'",
      keys: [key("file", .text(.any), "the path", isRequired: true)]),
    ObjectShape(
      name: "outputFile", title: "an output",
      keys: [
        key("file", .text(.any), "the path", isRequired: true),
        key("append", .boolean, "whether its content stays", without: "`false`"),
      ]),
    ObjectShape(
      name: "log", title: "'log'",
      keys: [key("keep", .size, "how much is kept", without: "16MiB")]),
  ]

  static let pipelineObjects: [ObjectShape] = [
    ObjectShape(
      name: "pipeline", title: "a pipeline",
      keys: [
        key("from", .object("source"), "where the records come from", isRequired: true),
        key("stages", .named("stages"), "at least one", isRequired: true),
        key(
          "to",
          .either(
            scalar: .word(["standardOutput", "null"]), list: nil, map: .object("sink"),
            orNothing: true), "where the records go", without: "`standardOutput`"),
        key("ordered", .boolean, "outputs in the order of the source", without: "`false`"),
        key(
          "attempts", .integer(1...100),
          "how many workers a record may kill before it is put aside",
          without: "3"),
        key(
          "quarantine", .object("quarantine"), "where records are put aside",
          without: "they fail the run"),
      ]),
    ObjectShape(
      name: "source", title: "'from'",
      keys: [
        key("files", texts, "patterns of paths, sorted by bytes"),
        key("command", .named("arguments"), "the output of a command"),
        key("standardInput", .yes, "standard input"),
        key("list", .list(of: .text(.record), least: 0, most: 1_000), "these texts"),
        key(
          "range", .list(of: .integer(-1_000_000_000...1_000_000_000), least: 2, most: 2),
          "numbers from one to another"),
        key(
          "as", .word(["paths", "content"]),
          "of files: whether a record is a path, or comes from their content", without: "`content`"),
        key("items", .named("framing"), "how records are told apart", without: "`lines`"),
      ], exactlyOne: ["files", "command", "standardInput", "list", "range"]),
    ObjectShape(
      name: "sink", title: "'to'",
      keys: [
        key("file", .text(.any), "the path", isRequired: true),
        key("append", .boolean, "whether its content stays", without: "`false`"),
        key("items", .named("framing"), "how records are told apart", without: "`lines`"),
      ]),
    ObjectShape(
      name: "quarantine", title: "'quarantine'",
      keys: [
        key("file", .text(.any), "records as lines of JSON, with their deaths", isRequired: true)
      ]),
    ObjectShape(
      name: "stage", title: "a stage",
      keys: [
        key("name", .text(.name), "its name"),
        key("command", .named("arguments"), "the executable and its arguments"),
        key("shell", .text(.any), "text for `/bin/sh -c`"),
        key("program", .text(.known), "the name of a stage of the app"),
        key(
          "branches", .map(keys: .name, of: .named("stages"), least: 2),
          "stages that each get all of it"),
        key(
          "arguments", .map(keys: .any, of: .anything, least: 0), "the properties of the program"),
        key("mode", .word(["stream", "answer", "each"]), "of a command", without: "`stream`"),
        key(
          "workers", .text(.workers), "`4`, or `2..8`: begins with 2, may be set up to 8",
          without: "1"),
        key("input", .named("framing"), "how records are told apart", without: "`lines`"),
        key("output", .named("framing"), "how records are told apart", without: "`lines`"),
        key(
          "partition",
          .either(scalar: .word(["whole"]), list: nil, map: .object("partition"), orNothing: false),
          "equal keys to the same worker", without: "the next free worker"),
        key("broadcast", .boolean, "every worker gets everything", without: "`false`"),
        key("ordered", .boolean, "it gets its input in order", without: "`false`"),
        key("timeLimit", .time, "for a record, or for the worker of a stream"), onKeyOfStage,
      ] + sharedKeys
        + node.keys.filter { ["directory", "user", "group", "umask", "limits"].contains($0.name) },
      exactlyOne: ["command", "shell", "program", "branches"]),
    ObjectShape(
      name: "partition", title: "'partition'",
      keys: [
        key("field", .integer(1...1_000_000), "the number of a field"),
        key("separator", .text(.separator), "what stands between fields", without: "spaces"),
        key("json", .text(.pointer), "a JSON pointer"),
        key("match", .text(.known), "a regular expression with a group"),
      ], exactlyOne: ["field", "json", "match"]),
  ]
}
