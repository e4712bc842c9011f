import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import Testing

@testable import ProcessTree

/// The reports of Slurm about an allocation, and the requests to it.
struct SlurmNodesTests {
  @Test func nodesBecomeHostsWithTheirProcessors() throws {
    let nodes = try #require(SlurmNodes("7\n4(x2),8\nn1\nn2\nm\n.\n"))
    #expect(nodes.job == "7" && nodes.nodes == ["n1", "n2", "m"])
    let hosts = nodes.hosts(named: "grid")
    #expect(hosts.map(\.name) == ["grid-n1", "grid-n2", "grid-m"])
    #expect(hosts.map(\.slots) == [4, 4, 8])
    guard case .command(let words) = hosts[1].engine else { return #expect(Bool(false)) }
    #expect(words.starts(with: ["srun", "-Q", "--jobid=7", "-N1", "-n1", "-w", "n2"]))
    // A terminal changes bytes.
    #expect(!words.contains("-u") && !words.contains("--pty"))
  }

  @Test func processorsThatSlurmDoesNotTellAreThoseOfTheMachine() throws {
    let nodes = try #require(SlurmNodes("7\n\nn1\nn2\n.\n"))
    #expect(nodes.hosts(named: "a").map(\.slots) == [nil, nil])
  }

  @Test(arguments: [
    "", "7\n", "7\n2\n", "7\n2\n.\n", "7\n2\nn1\n", "x\n2\nn1\n.\n", "7\n2\n-w\n.\n",
    "7\n2\nn/1\n.\n", "7\n2\n\u{1B}[0m\n.\n", "hello\n7\n2\nn1\n.\n",
  ])
  func whatIsNoAllocationIsNone(_ text: String) { #expect(SlurmNodes(text) == nil) }

  @Test func aTaskOfAnArrayIsAHost() throws {
    let task = try #require(SlurmTask("1234_2 1240 8 2"))
    #expect(task.name == "1234_2" && task.job == "1240" && task.processors == 4)
    let host = task.host(named: "slurm")
    #expect(host.name == "slurm-1234_2" && host.slots == 4)
    guard case .command(let words) = host.engine else { return #expect(Bool(false)) }
    #expect(words.starts(with: ["srun", "-Q", "--jobid=1240", "-N1", "-n1"]))
    for line in ["", "7_1 9", "7_1 x 2 1", "7_1 -9 2 1", "7_1 9 2 0", "7_1 9 many 1", "a b c d e"] {
      #expect(SlurmTask(line) == nil, "\(line)")
    }
  }

  @Test func whatThereIsIsWholeWithItsLastLine() {
    for text in ["", "7\n2\nn1\n", "7\n2\nn1\n.", "7\n2\n.n1\n", "7\n.5\n"] {
      #expect(!SlurmNodes.isWhole(text), "\(text.debugDescription)")
    }
    for text in [".\n", "7\n2\nn1\n.\n", "hello\n.\n"] { #expect(SlurmNodes.isWhole(text)) }
    #expect(SlurmNodes.isWhole(String(repeating: "y\n", count: SlurmNodes.mostBytes / 2)))
  }

  @Test func namesThatAreTooLongForHostsAreShortened() throws {
    let domain = ".rack." + String(repeating: "x", count: 40)
    func hosts(_ nodes: [String], _ name: String = "slurm") throws -> [Host] {
      let text = "7\n\n" + nodes.map { $0 + "\n" }.joined() + ".\n"
      let hosts = try #require(SlurmNodes(text)).hosts(named: name)
      for (host, node) in zip(hosts, nodes) {
        try host.check()
        guard case .command(let words) = host.engine else { return [] }
        #expect(words.contains(node))
      }
      return hosts
    }
    #expect(try hosts(["n1.a", "n2.a"]).map(\.name) == ["slurm-n1.a", "slurm-n2.a"])
    #expect(try hosts(["n1" + domain, "n2"]).map(\.name) == ["slurm-n1", "slurm-n2"])
    #expect(try hosts(["n1" + domain, "n1.b"]).map(\.name) == ["slurm-1", "slurm-2"])
    let long = String(repeating: "n", count: 60)
    #expect(try hosts([long, "b"]).map(\.name) == ["slurm-1", "slurm-2"])
    let longest = String(repeating: "s", count: 43)
    #expect(try hosts([long], longest).map(\.name) == [longest + "-1"])
  }

  @Test(arguments: ["", "a/b", String(repeating: "s", count: 44)])
  func aNameIsCheckedBeforeNodesAreThere(_ name: String) {
    var request = SlurmRequest(nodes: 1)
    request.name = name
    #expect(throws: HostError.self) { try request.words() }
  }

  @Test func aRequestIsACommandThatEndsWithItsInput() throws {
    var request = SlurmRequest(
      nodes: 3, time: .seconds(61), partition: "main", options: ["--account=a"])
    request.name = "grid"
    let words = try request.words()
    #expect(
      words.dropLast(3) == [
        "salloc", "-Q", "--no-kill", "-N", "3", "-J", "ptree-grid", "-t", "2", "-p", "main",
        "--account=a",
      ])
    #expect(
      words.suffix(3).starts(with: ["sh", "-c"]) && words.last?.hasSuffix("cat >/dev/null") == true)
    #expect(throws: HostError.self) { try SlurmRequest(nodes: 0).words() }
    #expect(throws: HostError.self) { try SlurmRequest(nodes: 1, time: .zero).words() }
  }

  @Test(
    arguments: [
      (.milliseconds(1), "1"), (.seconds(60), "1"), (.milliseconds(60_001), "2"),
      // A century.
      (.seconds(Int64.max), "52560000"), (.seconds(Int64.max) + .seconds(Int64.max), "52560000"),
    ] as [(Duration, String)])
  func anAllocationLastsWholeMinutes(_ time: Duration, _ minutes: String) throws {
    let words = try SlurmRequest(nodes: 1, time: time).words()
    let place = try #require(words.firstIndex(of: "-t"))
    #expect(words[place + 1] == minutes)
  }

  @Test func anArrayIsACommandThatCancelsItAtTheEndOfItsInput() throws {
    var request = SlurmRequest(
      nodes: 8, time: .seconds(61), partition: "main", options: ["-c", "4"])
    request.name = "grid"
    let words = try request.arrayWords()
    #expect(Array(words.prefix(4)) == ["sh", "-c", SlurmTask.script, "sh"])
    #expect(
      words.dropFirst(4) == [
        "sbatch", "--parsable", "--array=1-8", "-N", "1", "--no-requeue", "-o", "/dev/null", "-J",
        "ptree-grid", "-t", "2", "-p", "main", "-c", "4", "--wrap", "exec sleep infinity",
      ])
    #expect(throws: HostError.self) { try SlurmRequest(nodes: 0).arrayWords() }
    // The longest name of a host has the largest number of a job in it.
    request.name = String(repeating: "s", count: 32)
    #expect(throws: Never.self) { try request.arrayWords() }
    request.name += "s"
    #expect(throws: HostError.self) { try request.arrayWords() }
  }

  @Test func theNumberOfAnArrayIsTheFirstLine() {
    #expect(SlurmTask.array(in: "1234\n.\n") == "1234")
    for text in ["", ".\n", "1234", "1234\n", "+1\n.\n", "-1\n.\n", "x\n.\n", "Hello\n12\n.\n"] {
      #expect(SlurmTask.array(in: text) == nil, "\(text.debugDescription)")
    }
  }

  @Test func randomTextsAreReadOrRefused() {
    var random = SeededGenerator.announced("randomTextsAreReadOrRefused")
    let pieces = [
      "7", "\n", "n1\n", "4(x2)", "4(x999999999)", "(", ")", "x", ",", ".\n", "-", " ", "ä",
    ]
    for _ in 0..<(TestSettings.iterations ?? 10_000) {
      let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &random)]
      }.joined()
      guard let nodes = SlurmNodes("7\n" + text + "\n.\n") else { continue }
      let hosts = nodes.hosts(named: "a")
      #expect(hosts.count == nodes.nodes.count)
      for host in hosts { #expect(throws: Never.self) { try host.check() } }
    }
  }
}
