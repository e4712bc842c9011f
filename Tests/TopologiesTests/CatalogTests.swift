import Pipelines
import ProcessTree
import Testing

@testable import ProcessTreeTopologies
@testable import ProcessTreeTopologyFormat

struct Task: Codable, Sendable {
  var path: String
}

/// A program with arguments of most kinds.
struct Fetch: NodeProgram {
  enum Order: String, Codable, CaseIterable, Sendable {
    case first, last
  }

  struct Retry: Codable, Sendable {
    var times: UInt8
    var pause: Duration
  }

  var pause: Duration
  var most: Int?
  var order: Order?
  var hosts: [String]?
  var retry: Retry?
  var greeting: [UInt8]?
  var rates: [String: Double]?
  var tasks: Receiver<Task>

  func run(in node: Node) async throws {}
}

struct Feed: NodeProgram {
  var tasks: Sender<Task>

  func run(in node: Node) async throws {}
}

struct Ask: NodeProgram {
  var names: Client<String, [UInt8]>

  func run(in node: Node) async throws {}
}

struct Answer: NodeProgram {
  var names: Service<String, [UInt8]>

  func run(in node: Node) async throws {}
}

private struct Hidden: NodeProgram {
  func run(in node: Node) async throws {}
}

struct Length: Transform {
  var least: Int

  func callAsFunction(_ text: String) -> Int { max(least, text.count) }
}

struct Total: Stage {
  var start: Int?
  private var sum = 0

  private enum CodingKeys: CodingKey {
    case start
  }

  mutating func process(_ number: Int, emit: (Int) throws -> Void) { sum += number }
  func finish(emit: (Int) throws -> Void) throws { try emit(sum) }
}

/// The diagnostics of an app's types about a file.
struct CatalogTests {
  private static let catalog = Catalog(
    programs: [Fetch.self, Feed.self, Ask.self, Answer.self, Hidden.self],
    stages: [Length.self, Total.self])

  private func check(_ text: String) -> CheckedFile {
    var options = CheckOptions()
    options.catalog = Self.catalog
    options.looksForExecutables = false
    return TopologyReader.check("/t/t.yaml", options) { $0 == "/t/t.yaml" ? text : nil }
  }

  private func found(_ text: String) -> [String] {
    check(text).diagnostics.sorted.map {
      "\($0.place.line):\($0.place.column):\($0.code.rawValue): \($0.message)"
    }
  }

  /// A file in which `Fetch` has these arguments, from line 4, column 16 on.
  private func fetch(_ arguments: String) -> String {
    """
    ptree: 1
    channels: {tasks: {of: Task}}
    nodes:
      a: {program: Fetch, arguments: {\(arguments)}}
      b: {program: Feed, arguments: {tasks: {send: tasks}}}
    """
  }

  @Test func programsOfFilesHaveAPlaceInTheList() {
    let names = Catalog().programs.map { "\($0)" }
    #expect(names == ["CommandProgram", "GroupProgram", "PipelineProgram"])
    #expect(Self.catalog.programs.map { "\($0)" }.suffix(3) == names[...])
  }

  @Test func whatFitsIsRight() {
    let right = fetch(
      "pause: 250ms, most: 10_000, order: last, hosts: [a, 8000], retry: {times: 255, pause: 1m30s}, "
        + "greeting: hello, rates: {a: 1, b: 0.5}, tasks: {receive: tasks}")
    #expect(found(right) == [])
    #expect(found(fetch("pause: 1s, most: null, tasks: {receive: tasks}")) == [])
  }

  /// Arguments, and the first column and words of each fault.
  static let faults: [(String, [(Int, String)])] = [
    (
      "pase: 1s, tasks: {receive: tasks}",
      [(35, "Fetch has no argument 'pase'; did you mean 'pause'?")]
    ),
    ("tasks: {receive: tasks}", [(34, "Fetch needs the argument 'pause': a time such as 500ms")]),
    (
      "pause: 5, tasks: {receive: tasks}",
      [
        (
          42,
          "'pause' of Fetch is a time such as 500ms, 10s or 1m30s (write 5s, 5m or 5ms); here is '5'"
        )
      ]
    ),
    ("pause: [1s], tasks: {receive: tasks}", [(42, "here is a list")]),
    (
      "pause: soon, most: \"3\", tasks: {receive: tasks}",
      [(42, "here is 'soon'"), (54, "'most' of Fetch is a whole number; here is '3'")]
    ),
    (
      "pause: 1s, order: lst, tasks: {receive: tasks}",
      [(53, "'order' of Fetch is 'first', 'last' (did you mean 'last'?); here is 'lst'")]
    ),
    (
      "pause: 1s, hosts: a, tasks: {receive: tasks}",
      [(53, "'hosts' of Fetch is a list; here is 'a'")]
    ),
    (
      "pause: 1s, hosts: [a, {}], tasks: {receive: tasks}",
      [(57, "'hosts.2' of Fetch is text; here is a map")]
    ),
    (
      "pause: 1s, retry: {times: 256, pase: 1s}, tasks: {receive: tasks}",
      [
        (61, "'retry.times' of Fetch is a whole number from 0 to 255; here is '256'"),
        (66, "'retry' of Fetch has no argument 'pase'; did you mean 'pause'?"),
      ]
    ),
    ("pause: 1s, retry: 3, tasks: {receive: tasks}", [(53, "'retry' of Fetch is a map")]),
    (
      "pause: 1s, extra: 3, tasks: {receive: tasks}",
      [(46, "Fetch has no argument 'extra'; it has pause, most, order")]
    ),
    (
      "pause: 1s, tasks: {receive: task}",
      [(63, "there is no channel 'task'; did you mean 'tasks'?")]
    ),
    (
      "pause: 1s, tasks: {send: tasks}",
      [(53, "'tasks' of Fetch is an end of a channel of Task: write {receive: NAME}")]
    ),
    ("pause: 1s, tasks: tasks", [(53, "write {receive: NAME}; here is 'tasks'")]),
  ]

  @Test(arguments: faults.indices) func aFaultHasItsPlace(index: Int) {
    let (arguments, expected) = Self.faults[index]
    let found = check(fetch(arguments)).diagnostics.sorted.filter { $0.code != .unusedChannel }
    #expect(found.map(\.place.column) == expected.map(\.0), "\(found.map(\.message))")
    #expect(found.allSatisfy { $0.place.line == 4 })
    for (diagnostic, fault) in zip(found, expected) {
      #expect(diagnostic.message.contains(fault.1), "\(diagnostic.message)")
    }
  }

  @Test func theElementsOfAnEndAreThoseOfItsChannel() {
    let wrong = fetch("pause: 1s, tasks: {receive: tasks}").replacing("of: Task", with: "of: Page")
    #expect(
      found(wrong) == [
        "4:63:wrongElement: the program receives Task, and 'tasks' (line 2) is of Page.",
        "5:48:wrongElement: the program sends Task, and 'tasks' (line 2) is of Page.",
      ])
  }

  @Test func aProgramThatIsNotThereHasASuggestion() {
    #expect(
      found("ptree: 1\nnodes: {a: {program: Fech}, b: {program: Length}, c: {program: Nothing}}\n")
        == [
          "2:22:unknownProgram: the app has no program 'Fech'; did you mean 'Fetch'?",
          "2:42:unknownProgram: the app has no program 'Length': it is a stage.",
          "2:64:unknownProgram: the app has no program 'Nothing'; it has Answer, Ask, Feed, Fetch and Hidden.",
        ])
  }

  @Test func aProgramMayBePrivateAndHaveNoArguments() {
    #expect(found("ptree: 1\nnodes: {a: {program: Hidden}}\n") == [])
    #expect(
      found("ptree: 1\nnodes: {a: {program: Hidden, arguments: {x: 1}}}\n") == [
        "2:42:unknownKey: Hidden has no argument 'x'; it has none."
      ])
  }

  @Test func aChannelHasBothSides() {
    let channel = "ptree: 1\nchannels: {tasks: {of: Task}}\nnodes:\n"
    #expect(
      found(channel + "  b: {program: Feed, arguments: {tasks: {send: tasks}}}\n") == [
        "2:12:unusedChannel: no program receives from 'tasks'."
      ])
    let inner = "  g: {nodes: {b: {program: Feed, arguments: {tasks: {send: tasks}}}}}\n"
    let checked = check(
      channel + inner + "  a: {program: Fetch, arguments: {pause: 1s, tasks: {receive: tasks}}}\n")
    #expect(checked.diagnostics.all.map(\.message) == [])
    #expect(checked.topology?.group.nodes[0].ends == [EndPlan(channel: "tasks", isSending: true)])
  }

  @Test func aServiceHasTwoTypes() {
    let nodes = """
      nodes:
        a: {program: Ask, arguments: {names: {call: names}}}
        b: {program: Answer, arguments: {names: {serve: names}}}
      """
    for type in ["'[UInt8]'", "Array<UInt8>", "Swift.Array<UInt8>"] {
      #expect(
        found(
          "ptree: 1\nchannels: {names: {of: String, kind: service, returning: \(type)}}\n" + nodes)
          == [])
    }
    #expect(
      found("ptree: 1\nchannels: {names: {of: String}}\n" + nodes).map { $0.prefix(17) }
        == ["4:47:wrongElement", "5:51:wrongElement"])
  }

  @Test func anEndOfAPipeGoesOnce() {
    let pipe = fetch("pause: 1s, tasks: {receive: tasks}").replacing(
      "of: Task", with: "of: Task, kind: pipe")
    #expect(found(pipe) == [])
    let restarted = pipe.replacing("program: Feed,", with: "program: Feed, restart: onFailure,")
    #expect(found(restarted).map { $0.contains("so restart: never; write kind: work") } == [true])
    let many = pipe.replacing("program: Fetch,", with: "program: Fetch, instances: 2,")
    #expect(
      found(many).map { $0.contains("goes to one node, and this one has instances") } == [true])
  }

  @Test func aStageIsCheckedAsAProgramIs() {
    func pipeline(_ stages: String) -> String {
      "ptree: 1\nnodes:\n  p:\n    pipeline:\n      from: {list: [a]}\n      stages: [\(stages)]\n"
    }
    #expect(
      found(
        pipeline("{program: Length, arguments: {least: 1}}, {program: Total}, {command: [sort]}"))
        == [])
    #expect(
      found(pipeline("{program: Total}, {program: Length, arguments: {lest: 1}, mode: each}")) == [
        "6:44:wrongElement: Length takes String, and what comes from Total is Int.",
        "6:64:unknownKey: Length has no argument 'lest'; did you mean 'least'?",
        "6:74:meaningless: 'mode' belongs to a stage with 'command' or 'shell'.",
      ])
    #expect(
      found(pipeline("{program: Total, workers: 1..3}")).map { $0.contains("keeps state") } == [
        true
      ])
    #expect(
      found(pipeline("{program: Legth}")).map { $0.contains("did you mean 'Length'?") } == [true])
  }

  @Test func anArgumentMayDependOnTheInstance() throws {
    let text = fetch("pause: 1s, most: \"${{ instance + 10 }}\", tasks: {receive: tasks}")
    #expect(found(text.replacing("program: Fetch,", with: "program: Fetch, instances: 2,")) == [])
    #expect(found(text.replacing("most:", with: "order:")).map { $0.contains("here is") } == [true])
  }

  @Test func theListNamesProgramsWithTheirArguments() {
    let entries = Self.catalog.entries
    #expect(entries.map(\.name) == ["Fetch", "Feed", "Ask", "Answer", "Hidden", "Length", "Total"])
    #expect(
      entries[0].arguments == [
        "pause: Duration", "most: Int?", "order: Order?", "hosts: [String]?", "retry: Retry?",
        "greeting: [UInt8]?", "rates: [String:Double]?", "tasks: Receiver<Task>",
      ])
  }
}

/// How long a group holds ends of channels for its nodes.
struct HeldEndsTests {
  private let end = EndPlan(channel: "c", isSending: true)

  private func group(_ nodes: [(String, Int?)]) -> GroupPlan {
    var group = GroupPlan()
    group.nodes = nodes.map { name, instances in
      var plan = ProgramPlan(name: "P", arguments: Value(.map([]), at: Place()))
      plan.ends = [end]
      var node = NodePlan(name: name, address: name, origin: "t:1", kind: .program(plan))
      node.instances = instances
      return node
    }
    return group
  }

  private func child(_ name: String, _ phase: SupervisedPhase) -> SupervisedChild {
    SupervisedChild(name: name, phase: phase)
  }

  @Test func anEndIsHeldThroughRestarts() {
    var held = HeldEnds([end], group([("a", nil), ("b", 2)]))
    for phase in [SupervisedPhase.waiting, .starting, .up, .backoff, .stopping, .stopped] {
      let children = [child("a", phase), child("b-1", .succeeded), child("b-2", .failed)]
      #expect(held.takeOver(SupervisedChanges(children)) == [])
    }
    let over = [child("a", .succeeded), child("b-1", .skipped), child("b-2", .failed)]
    let changes = SupervisedChanges(over, changed: [over[0]], mayLack: false)
    #expect(held.takeOver(changes) == [end])
    #expect(held.takeOver(changes) == [], "each end is returned once")
  }

  @Test func anEndThatNobodyHasIsOver() {
    var held = HeldEnds([end], group([]))
    #expect(held.takeOver(SupervisedChanges([child("x", .up)])) == [end])
  }
}
