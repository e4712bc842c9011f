import ProcessTreeSupervision
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// The texts of explanations, and how they travel.
@Suite struct ExplanationTests {
  private static let full = NodeExplanation(
    address: NodeAddress("/shop/till") ?? .root, name: "till", path: "Process-1:2", pid: 7,
    incarnation: 3, phase: .backoff,
    waits: [
      NodeWait(
        .credit, for: ["a (Process-2)", "b"], elapsed: .milliseconds(1_500), remaining: .seconds(2),
        detail: "2 tasks"),
      NodeWait(.sleep, elapsed: .zero),
    ], silence: .seconds(1), process: .traced(by: 5),
    threads: [
      ThreadStack(
        id: 7, name: "till", state: "S", kernelFunction: "do_epoll_wait", frames: ["f"],
        reason: "r")
    ], lastEnd: "till exited with 1", children: [.root.child("x"), .root.child(at: 2)], restarts: 2,
    host: "b")

  @Test func explanationsTravelWhole() throws {
    #expect(try NodeExplanation(packed: Self.full.packed()) == Self.full)
    let bare = NodeExplanation(address: .root, name: "r", phase: .up)
    #expect(try NodeExplanation(packed: bare.packed()) == bare)
    let question = AddressQuestion(.root.child("x"), .explain(within: 20, stacks: true))
    #expect(try AddressQuestion(packed: question.packed()) == question)
    let answer = AddressAnswer.explained(Self.full)
    #expect(try AddressAnswer(packed: answer.packed()) == answer)
  }

  @Test func everyKindHasANumber() {
    #expect(Set(NodeWait.Kind.numbers.values) == Set(NodeWait.Kind.allCases))
    #expect(Set(NodeWait.Kind.numbers.numbers).count == NodeWait.Kind.allCases.count)
    #expect(Set(SupervisedPhase.numbers.values) == Set(SupervisedPhase.allCases))
    #expect(
      Set(LifecycleEvent.Deadline.numbers.values) == Set(LifecycleEvent.Deadline.allCases))
  }

  @Test func anAnswerFitsItsFrame() {
    let long = String(repeating: "x", count: 10_000)
    let wait = NodeWait(
      .end, for: Array(repeating: long, count: 100), elapsed: .zero, detail: long)
    let thread = ThreadStack(
      id: 1, name: long, state: long, frames: Array(repeating: long, count: 64), reason: long)
    let largest = NodeExplanation(
      address: .root, name: long, phase: .up, waits: Array(repeating: wait, count: 1_000),
      threads: Array(repeating: thread, count: 100), lastEnd: long,
      children: (1...5_000).map { .root.child(at: $0) })
    #expect(AddressAnswer.explained(largest).packed().count < WireLimits.frameSize)
    #expect(wait.subjects.count == 8 && wait.subjectCount == 100)
  }

  @Test func textsNameWhoWhenAndHow() {
    #expect(
      "\(Self.full.waits[0])"
        == "waits 1.5 s for credit from a (Process-2), b, at most 2.0 s more (2 tasks)")
    #expect(Self.full.waits[0].remedy == "a (Process-2), b has to receive")
    let text = "\(Self.full)"
    #expect(text.hasPrefix("/shop/till (till, pid 7 on b, life 3): backoff\n"))
    #expect(text.contains("did not answer within 1.0 s: process 5 traces it"))
    #expect(text.contains("thread 7 till: S in do_epoll_wait, no stack: r"))
    let hostile = NodeExplanation(address: .root, name: "a\u{1B}[2J", phase: .up)
    #expect(!"\(hostile)".contains("\u{1B}"))
  }

  @Test func notedWaitsEndWithTheirSuspension() {
    var noted = NotedWaits()
    let first = NotedWait(.sleep, within: .seconds(3)) { [] }
    let second = NotedWait(.end, within: nil) { ["x"] }
    noted.add(first, at: 1_000_000_000)
    noted.add(second, at: 2_000_000_000)
    #expect(
      noted.current(at: 3_000_000_000)
        == [
          NodeWait(.sleep, elapsed: .seconds(2), remaining: .seconds(1)),
          NodeWait(.end, for: ["x"], elapsed: .seconds(1)),
        ])
    noted.remove(first)
    noted.remove(first)
    #expect(noted.current(at: 3_000_000_000).map(\.kind) == [.end])
    noted.remove(second)
    #expect(noted.current(at: 3_000_000_000).isEmpty)
  }

  @Test(
    arguments: [
      ("/a/b/exe(+0x1f)[0x55]", "exe", nil, 0x1F, true),
      ("/lib/libc.so.6(usleep+0x45)[0x7f]", "libc.so.6", "usleep", 0x45, false),
      ("/lib/libc.so.6(+0x3c)[0x7f]", "libc.so.6", nil, 0x3C, false),
    ] as [(String, String, String?, UInt64, Bool)])
  func framesAreRead(
    line: String, file: String, function: String?, offset: UInt64, isOwn: Bool
  ) throws {
    let frame = try #require(StackFrame(line))
    #expect(frame.file == file && frame.function == function && frame.offset == offset)
    #expect(frame.isOfExecutable == isOwn)
  }

  @Test(arguments: ["", "(", "x()", "x(+0x)", "[0x1]", "x)+0x1(", "(((+0xzz)"])
  func otherLinesAreNoFrames(line: String) { #expect(StackFrame(line) == nil) }
}
