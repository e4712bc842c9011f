import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import Testing

@testable import ProcessTreeTopologyFormat

extension SlurmPlan {
  fileprivate init(tasks: Int? = nil, array: Int? = nil, minimum: Int? = nil) {
    self.init()
    (self.tasks, self.array, self.minimum) = (tasks, array, minimum)
  }
}

/// Host files: the forms that people know, and a place for each mistake.
struct HostFileTests {
  private static func plan(_ line: String) -> HostPlan? {
    let line = HostLine(line.unicodeScalars)
    return line.faults.isEmpty ? line.plan : nil
  }

  private static func codes(_ line: String) -> [Diagnostic.Code] {
    HostLine(line.unicodeScalars).faults.map(\.code)
  }

  @Test func aLineSaysWhatDiffersFromTheDefaults() {
    #expect(
      Self.plan("alice@b.example.org")
        == HostPlan(name: "alice@b.example.org", engine: .ssh("alice@b.example.org", options: [])))
    var plan = HostPlan(
      name: "d", engine: .ssh("ssh://dave@d:2222", options: ["-o", "ProxyJump=gate", "-4"]))
    (plan.slots, plan.program, plan.lease) = (4, "/opt/p", .seconds(90))
    plan.within = .seconds(5)
    #expect(
      Self.plan(
        "ssh://dave@d:2222\tname=d slots=4 program=/opt/p lease=1m30s within=5s "
          + "option=\"-o ProxyJump=gate\" option=-4 # the far one") == plan)
    plan = HostPlan(name: "web", engine: .command(["docker", "exec", "-i", "web"]))
    #expect(Self.plan("command:\"docker exec -i web\" name=web") == plan)
    var slurm = SlurmPlan()
    (slurm.nodes, slurm.time, slurm.partition) = (3, .seconds(1_800), "main")
    slurm.options = ["-A", "physics"]
    #expect(
      Self.plan("slurm nodes=3 time=30m partition=main option=\"-A physics\"")
        == HostPlan(name: "slurm", engine: .slurm(slurm)))
  }

  @Test func anArrayIsItsOwnOrOneThatIsThere() {
    var slurm = SlurmPlan()
    (slurm.tasks, slurm.minimum, slurm.time, slurm.options) = (8, 2, .seconds(60), ["-c", "4"])
    #expect(
      Self.plan("slurm tasks=8 minimum=2 time=1m option=\"-c 4\"")?.engine == .slurm(slurm))
    #expect(HostLine(argument: "slurm:tasks=8").plan?.engine == .slurm(SlurmPlan(tasks: 8)))
    #expect(
      HostLine(argument: "slurm:array=4294967293,minimum=3").plan?.engine
        == .slurm(SlurmPlan(array: 4_294_967_293, minimum: 3)))
  }

  /// A mistake of two words is reported at the one that does not fit.
  @Test(arguments: [
    ("slurm tasks=3 nodes=2", Diagnostic.Code.exclusiveKeys, 7),
    ("slurm array=3 tasks=2", .exclusiveKeys, 7), ("slurm nodes=2 array=7", .exclusiveKeys, 15),
    ("slurm minimum=2", .missingKey, 1), ("slurm nodes=2 minimum=1", .keyOfOtherKind, 15),
    ("slurm array=7 time=1m", .keyOfOtherKind, 15),
    ("slurm array=7 option=--exclusive", .keyOfOtherKind, 15),
    ("slurm tasks=2 minimum=3", .wrongValue, 15), ("slurm array=0", .wrongValue, 7),
    ("slurm array=7_1", .wrongValue, 7), ("slurm array=4294967294", .wrongValue, 7),
    ("b tasks=2", .keyOfOtherKind, 3),
  ])
  func wordsOfAnArrayFitTogether(_ line: String, _ code: Diagnostic.Code, _ column: Int) {
    let faults = HostLine(line.unicodeScalars).faults
    #expect(faults.map(\.code) == [code] && faults.map(\.column) == [column], "\(faults)")
  }

  /// A name, an engine, and slots.
  @Test(arguments: [
    ("8/alice@b", "alice@b", 8), ("b:8", "b", 8), ("b slots=8", "b", 8), ("b", "b", nil),
    ("local", "local", nil), (":", "local", nil), ("2/:", "local", 2), ("local:3", "local", 3),
    ("ssh:local", "local", nil), ("ssh:b:2", "b", 2), ("[fe80::1]:2", "[fe80::1]", 2),
    ("fe80::1", "fe80::1", nil), ("2/command:env", "command", 2), ("slurm", "slurm", nil),
    ("ssh://b:22", "ssh:b:22", nil),
  ])
  func destinationsHaveTheFormsThatPeopleKnow(_ line: String, _ name: String, _ slots: Int?) {
    #expect(Self.plan(line)?.name == name)
    #expect(Self.plan(line)?.slots == slots)
  }

  @Test(arguments: ["", "   ", "# comment", "\t# b slots=0"])
  func someLinesHaveNoHost(_ line: String) {
    #expect(Self.plan(line) == nil && Self.codes(line) == [])
  }

  @Test(arguments: [
    ("b slots=0", Diagnostic.Code.wrongValue), ("b slots=many", .wrongValue),
    ("b slots=4097", .wrongValue), ("b slots=+4", .wrongValue), ("b slots=", .wrongValue),
    ("b slot=3", .unknownKey), ("b cpus=3", .unknownKey), ("b lease=1s", .wrongValue),
    ("b lease=30", .wrongValue), ("b within=0s", .wrongValue), ("b name=x/y", .wrongValue),
    ("b name=\"\"", .wrongValue), ("b more", .wrongValue), ("b slots=1 slots=2", .duplicateKey),
    ("8/b slots=2", .exclusiveKeys), ("0/b", .wrongValue), ("-l", .wrongValue),
    ("command: name=z", .wrongValue), ("command:env option=-4", .keyOfOtherKind),
    ("b:0", .wrongValue), ("b:http", .wrongValue), ("b program=p", .wrongValue),
    ("b program=/a=b", .wrongValue), ("b option=x", .wrongValue), ("slurm time=3m", .missingKey),
    ("b nodes=2", .keyOfOtherKind), ("slurm nodes=0", .wrongValue), ("slots=4", .missingKey),
    ("slurm nodes=1 partition=-x", .wrongValue), ("ssh:", .wrongValue),
    (String(repeating: "b", count: 49), .invalidName),
  ])
  func aMistakeHasItsKind(_ line: String, _ code: Diagnostic.Code) {
    #expect(Self.codes(line) == [code], "\(HostLine(line.unicodeScalars).faults)")
  }

  @Test(arguments: [
    ("-o ProxyJump=gate", ["-o", "ProxyJump=gate"]), ("-4", ["-4"]), ("-vvC", ["-vvC"]),
    ("-p  2222", ["-p", "2222"]), ("-p2222", ["-p2222"]), ("-vp 22", ["-vp", "22"]),
    (
      "-o ProxyCommand=ssh -W %h:%p gate", ["-o", "ProxyCommand=ssh -W %h:%p gate"]
    ),
    ("-oProxyCommand=ssh -W %h:%p gate", ["-oProxyCommand=ssh -W %h:%p gate"]),
    ("-o ProxyCommand ssh -q gate", ["-o", "ProxyCommand ssh -q gate"]),
    ("-i /home/a/my key", ["-i", "/home/a/my key"]),
  ])
  func anOptionOfSSHHasOneValue(_ option: String, _ words: [String]) {
    #expect(Self.plan("b option=\"\(option)\"")?.engine == .ssh("b", options: words))
  }

  @Test(arguments: [
    ("-A physics", ["-A", "physics"]), ("--account=physics", ["--account=physics"]),
    ("--comment=two words", ["--comment=two words"]), ("--exclusive", ["--exclusive"]),
    ("-K15", ["-K15"]),
  ])
  func anOptionOfSlurmHasOneValue(_ option: String, _ words: [String]) {
    var slurm = SlurmPlan()
    (slurm.nodes, slurm.options) = (1, words)
    #expect(Self.plan("slurm nodes=1 option=\"\(option)\"")?.engine == .slurm(slurm))
  }

  @Test(arguments: [
    "b option=gate", "b option=\"-4 gate\"", "b option=-", "b option=--", "b option=\"-- gate\"",
    "b option=-o", "b option=\"-vp\"", "b option=\"-o A=1 -o B=2\"", "b option=\"-p 22 -4\"",
    "b option=\"-4 -C\"", "slurm nodes=1 option=\"--exclusive sh\"",
    "slurm nodes=1 option=\"--account physics\"", "slurm nodes=1 option=-A",
    "slurm nodes=1 option=\"-Q sh\"",
  ])
  func aWordThatIsNoValueOfAnOptionIsRefused(_ line: String) {
    #expect(Self.codes(line) == [.wrongValue])
  }

  @Test func aKeyOfAnotherToolIsSuggested() {
    #expect(HostLine("b cpus=3".unicodeScalars).faults.first?.suggestion == "slots")
    #expect(HostLine("b leese=3s".unicodeScalars).faults.first?.suggestion == "lease")
  }

  @Test func anArgumentIsADestinationWithSlots() {
    #expect(HostLine(argument: "b:4").plan?.slots == 4)
    #expect(HostLine(argument: "command:docker run -i a:3").plan?.slots == nil)
    var slurm = SlurmPlan()
    (slurm.nodes, slurm.time) = (2, .seconds(60))
    #expect(
      HostLine(argument: "slurm:nodes=2,time=1m").plan
        == HostPlan(name: "slurm", engine: .slurm(slurm)))
    #expect(HostLine(argument: "slurm:nodes=2,tme=1m").faults.map(\.suggestion) == ["time"])
    #expect(HostLine(argument: "b slots=4").plan == nil)
    for part in ["time=30m,partition=gpu", "time=30m", "partition=gpu", "option=--exclusive"] {
      #expect(HostLine(argument: "slurm:" + part).faults.map(\.code) == [.missingKey])
    }
    #expect(
      HostLine(argument: "slurm:nodes=1,name=" + String(repeating: "n", count: 49)).plan == nil)
  }

  @Test func allMistakesOfAFileHaveTheirPlaces() {
    let file = HostFile(path: "hosts", text: "a\n\nb slots=0\r\na name=\"x\n  c d=1 # e\na\n")
    #expect(
      DiagnosticText([file.file]).text(of: file.diagnostics).split(separator: "\n")
        .filter { $0.hasPrefix("hosts:") }.map { $0.prefix { $0 != " " } }
        == ["hosts:3:3:", "hosts:4:8:", "hosts:5:5:", "hosts:6:1:"])
    #expect(HostFile(path: "hosts", text: "# nobody\n").diagnostics.errorCount == 1)
    #expect(HostFile("/no/such/file").diagnostics.errorCount == 1)
    #expect(HostFile("/").diagnostics.errorCount == 1)
  }

  @Test func commandsWithoutNamesGetNumbers() {
    let file = HostFile(path: "hosts", text: "command:env\ncommand:env\n2/command:env name=c")
    #expect(file.plans.map(\.name) == ["command", "command-2", "c"])
    #expect(file.diagnostics.errorCount == 0)
  }

  @Test func randomLinesAreReadOrRefused() {
    var random = SeededGenerator.announced("randomLinesAreReadOrRefused")
    let pieces = [
      "alice@b", "8/", ":8", "ssh://", "ssh:", "command:", "slurm", "local", " ", "\t", "\"", "#",
      "=", "slots=", "name=", "lease=", "option=", "nodes=", "time=", "tasks=", "array=",
      "minimum=", "0", "8", "30s", "-", "/",
      "[", "]", "::", "ä", "\u{0}", "env", ",", "\r",
    ]
    for _ in 0..<(TestSettings.iterations ?? 20_000) {
      let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &random)]
      }.joined()
      for line in [HostLine(text.unicodeScalars), HostLine(argument: text)] {
        #expect(line.plan == nil || line.faults.isEmpty)
        #expect(line.faults.allSatisfy { (1...text.unicodeScalars.count + 1).contains($0.column) })
        guard let plan = line.plan else { continue }
        #expect(HostKey.isName(plan.name) && plan.slots ?? 1 > 0, "\(text.debugDescription)")
      }
    }
  }
}
