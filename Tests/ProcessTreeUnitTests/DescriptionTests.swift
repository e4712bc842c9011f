import ProcessTreeBase
import ProcessTreeSupervision
import Testing

@testable import ProcessTree

/// People can read what is printed.
@Suite struct DescriptionTests {
  private static let report = ExitReport(
    node: "Process-1", pid: 12, status: .exited(1), cause: .failed(type: "a.B", text: "no"),
    lifetime: .milliseconds(1_280))

  @Test(
    arguments: [
      (.started, "Process-1 started (pid 12)"), (.ready, "Process-1 is ready"),
      (.reported(ProgressReport(message: "reading")), "Process-1 reported: reading"),
      (
        .reported(ProgressReport(message: "reading", completed: 3, total: 10)),
        "Process-1 reported: reading, 3 of 10"
      ),
      (
        .reported(ProgressReport(message: "reading", completed: 3)),
        "Process-1 reported: reading, 3"
      ),
      (
        .stopping(StopRequest(requestedBy: "MainProcess", reason: "a\u{1B}[2Jb\n")),
        #"Process-1 stopping: MainProcess asked: a\u{1B}[2Jb\n"#
      ),
      (.exited(report), "Process-1 exited: failed with a.B: no, 1.2 s"),
      (.lost, "Process-1 lost: its parent ended before it could tell how"),
      (
        .leftBehind(pid: 3, command: "sleep 5"),
        "Process-1 ended what a dead node left: sleep 5 (pid 3)"
      ),
      (
        .startMethodChanged(.spawn, reason: "no helper"),
        "Process-1 starts children by spawn: no helper"
      ),
    ] as [(LifecycleEvent.Kind, String)])
  func events(kind: LifecycleEvent.Kind, text: String) {
    let event = LifecycleEvent(node: "Process-1", path: "Process-1", pid: 12, kind: kind)
    #expect("\(event)" == text)
  }

  @Test(arguments: [
    (Duration.zero, "0 ms"), (.microseconds(1_999), "1 ms"), (.milliseconds(999), "999 ms"),
    (.milliseconds(1_000), "1.0 s"), (.seconds(61.96), "61.9 s"),
    (.seconds(Int64.max), "9223372036854775807.0 s"),
    (.seconds(Int64.min), "-9223372036854775808.0 s"), (.milliseconds(-20), "-20 ms"),
  ])
  func times(time: Duration, text: String) {
    #expect(time.inShort == text)
  }

  @Test func snapshotsAreTrees() {
    let leaf = NodeSnapshot(name: "leaf", path: "Process-1:1", pid: 3, phase: .starting)
    let middle = NodeSnapshot(
      name: "middle", path: "Process-1", pid: 2, phase: .ready, children: [leaf])
    let root = NodeSnapshot(
      name: "MainProcess", path: "MainProcess", pid: 1, phase: .ready, children: [middle])
    #expect(
      "\(TreeSnapshot(root: root, exitedCount: 4))"
        == """
        MainProcess (pid 1, ready)
          middle (pid 2, ready)
            leaf (pid 3, starting)
        4 ended
        """)
    #expect(middle.id == "Process-1")
  }

  @Test func errorsAreMadeByTests() {
    #expect("\(ProcessTreeError(.nodeEnding, "It is ending."))" == "It is ending.")
    #expect("\(ChildFailure(Self.report))" == "Process-1 (pid 12) failed with a.B: no")
    let death = ConsumerDeath(node: "a", path: "Process-2", pid: 4)
    #expect(
      "\(QuarantinedItem(element: 7, deaths: [death, death]))"
        == "7: a (pid 4) died; a (pid 4) died")
    let outcome = CommandOutcome(
      index: 3, command: Command("no-such"), attempts: 2,
      result: .failure(CommandError(.executableNotFound, "no-such: not found")))
    #expect("\(outcome)" == "no-such: not found (attempt 2)")
    #expect(!outcome.isSuccess)
  }

  @Test func valuesAreRead() {
    #expect("\(StopRequest(requestedBy: "SIGTERM", reason: "x"))" == "SIGTERM asked: x")
    #expect(
      "\(StopPolicy())" == "request, SIGTERM after 5.0 seconds, SIGKILL after 7.0 seconds")
    #expect(
      "\(ResourceUsage.none)"
        == "0.0 seconds in user mode, 0.0 seconds in the kernel, 0 KiB resident at most")
    #expect("\(Batch([1, 2]))" == "[1, 2]")
    #expect("\(SharedBytes([1, 2, 3]))" == "3 bytes")
    #expect(ExitStatus.signaled(15, coreDumped: false).signalName == "SIGTERM")
    #expect(ExitStatus.exited(0).signalName == nil)
  }

  @Test func testsMakeWhatChannelsDeliver() {
    let counts = ChannelCounts(sent: 9, acknowledged: 4, dropped: 1, redelivered: 2)
    #expect(counts.pending == 4 && !counts.isBalanced)
    #expect("\(counts)" == "9 sent, 4 acknowledged, 4 pending, 1 dropped, 2 redelivered")
    let id = DeliveryID(sender: "a#1", number: 7)
    let delivery = Delivery("x", attempt: 2, id: id, suspects: [3])
    delivery.note(elementOffset: 3)
    delivery.acknowledge()
    #expect("\(delivery)" == "x (attempt 2)" && delivery.id == id)
    let failure = RemoteFailure(CancellationError(), at: "worker-1")
    #expect(failure.origin == "worker-1" && failure.typeName == "Swift.CancellationError")
  }

  @Test(
    arguments: [
      (
        .tooLong(nil, limit: 5), .lines, .lineTooLong,
        "A line of the output is longer than the 5 bytes that are allowed."
      ),
      (
        .tooLong(nil, limit: 5), .nul, .lineTooLong,
        "A record of the output is longer than the 5 bytes that are allowed."
      ),
      (
        .tooLong(9, limit: 5), .length, .frameTooLong,
        "A frame of the output has 9 bytes, more than the 5 that are allowed."
      ),
      (
        .incomplete(3, of: 9), .length, .incompleteFrame,
        "The output ended after 3 of 9 bytes of a frame."
      ),
      (
        .incompleteLength(1), .length, .incompleteFrame,
        "The output ended after 1 of 4 bytes of a frame's length."
      ),
    ] as [(RecordFailure, RecordFraming, CommandError.Code, String)])
  func outputThatCannotBeDividedHasAnErrorOfItsForm(
    _ failure: RecordFailure, _ framing: RecordFraming, _ code: CommandError.Code, _ text: String
  ) {
    #expect(CommandError(failure, of: framing) == CommandError(code, text))
  }

  @Test func completedCommandsAreLines() {
    var completed = CompletedCommand(command: "make all", pid: 5, status: .exited(2))
    completed.standardError = Array("first\nlast line\n".utf8)
    #expect("\(completed)" == "make all (pid 5) exited 2 — last line")
    completed.status = .exited(0)
    #expect("\(completed)" == "make all (pid 5) exited 0")
    completed.isOverdue = true
    #expect("\(completed)" == "make all (pid 5) exited 0, its time was over")
  }
}
