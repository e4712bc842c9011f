import Foundation
import Testing

@testable import ProcessTreeTopologyFormat

/// Plans travel to the processes of nodes as lists, which somebody writes and reads place by place.
struct PlanTravelTests {
  private static var full: NodePlan {
    var command = CommandPlan(
      words: [
        Scalar("serve"), Scalar(pieces: [.text("b"), .instance(factor: 2, plus: 1), .runScratch]),
        Scalar("", isPlain: false), Scalar(pieces: []),
      ], directory: Scalar("/d", isPlain: false))
    command.words[0].isSecret = true
    command.environment = [
      .set("A", Scalar("b")), .remove("C"), .secretFile("D", Scalar("e")),
    ]
    command.inherited = .only(["X"])
    (command.user, command.group, command.umask) = ("u", "g", 0o27)
    command.limits = [.openFiles(3), .cpuTime(.seconds(1))]
    command.success = [0, 3]
    command.input = Scalar("in")
    command.output = .file(Scalar("out"), appends: true)
    command.error = .null
    var node = NodePlan(
      name: "n", address: "g/n", description: "d", origin: "f:3", kind: .command(command))
    node.instances = 4
    node.hosts = ["h", "i"]
    node.dependsOn = ["m": .succeeded]
    node.readiness = CheckPlan(kind: .port(Scalar("80")), delay: .seconds(2))
    node.liveness = CheckPlan(kind: .notify, failures: 7)
    node.restart = RestartPlan(when: .onFailure, backoff: .init(jitter: 0.5))
    node.timeLimit = .seconds(9)
    node.stop = StopPlan(signal: "INT", command: [Scalar("stop")], within: .milliseconds(3))
    node.logKept = 5
    (node.mayFail, node.isManual) = (true, true)
    node.profiles = ["p"]
    return node
  }

  private static var bare: NodePlan {
    let command = CommandPlan(words: [Scalar("true")], directory: Scalar("/"))
    return NodePlan(name: "n", address: "n", origin: "f:1", kind: .command(command))
  }

  private static func account(_ plan: NodePlan) -> String {
    var text = ""
    dump(plan, to: &text)
    return text
  }

  @Test func aPlanArrivesAsItWas() throws {
    for plan in [Self.full, Self.bare] {
      let bytes = try JSONEncoder().encode(plan)
      let copy = try JSONDecoder().decode(NodePlan.self, from: bytes)
      #expect(Self.account(copy) == Self.account(plan))
    }
    #expect(Self.account(Self.full) != Self.account(Self.bare))
  }

  /// A property that is added has to be added to the lists as well.
  @Test func everyPropertyOfAPlanIsSetHere() {
    let (full, bare) = (Mirror(reflecting: Self.full), Mirror(reflecting: Self.bare))
    for (one, other) in zip(full.children, bare.children) where one.label != "name" {
      #expect("\(one.value)" != "\(other.value)", "\(one.label ?? "")")
    }
  }

  @Test func aListThatSaysNothingIsRefused() {
    for text in ["[]", "[1]", "[\"sometimes\",null]", "{}"] {
      #expect(throws: (any Error).self) {
        try JSONDecoder().decode(RestartPlan.self, from: Data(text.utf8))
      }
    }
  }
}
