import ProcessTreeSupervision
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// What a post-mortem keeps, and what it leaves out.
@Suite struct PostMortemTests {
  private func failed(_ node: String, asked: Bool = false) -> LifecycleEvent {
    LifecycleEvent(
      node: node, path: node,
      kind: .exited(
        ExitReport(
          node: node, cause: .crashed(signal: 11),
          stopRequest: asked ? StopRequest(requestedBy: "a", reason: "b") : nil,
          lastErrorLines: ["its last line"])))
  }

  @Test func itTellsEndsEventsLinesAndWaits() {
    var record = PostMortem()
    #expect(record.isEmpty)
    let notes = [
      LifecycleEvent(node: "a", path: "Process-1", kind: .ready), failed("asked", asked: true),
      failed("first"),
    ].map { record.note($0) }
    #expect(notes == [false, false, true])
    record.note([NodeExplanation(address: .root, name: "r", phase: .up)], at: "then")
    // The first failure is asked about once.
    let isFirst = record.note(failed("second"))
    #expect(!isFirst)
    record.note(OutputChunk(node: "a", stream: .error, bytes: Array("one\ntwo\n".utf8)))
    let text = record.text(of: "0a1b", exitCode: 7, at: 1_500_000_000)
    for part in [
      "run 0a1b, 1.500, exit code 7", "first: first crashed with SIGSEGV", "    its last line",
      "== Nodes then\n/ (r): up", "Process-1: a is ready", "a:\n  one\n  two",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
  }

  @Test func itHasABound() {
    var record = PostMortem()
    let long = String(repeating: "x", count: 4_000)
    let bytes = Array((String(repeating: long + "\n", count: 6)).utf8)
    for number in 0..<2_000 {
      var event = failed("n\(number)")
      event.node = long
      _ = record.note(event)
      record.note(OutputChunk(node: "n\(number)", stream: .output, bytes: bytes))
    }
    for _ in 0..<5 {
      record.note(
        (1...2_000).map { NodeExplanation(address: .root.child(at: $0), name: long, phase: .up) },
        at: "then")
    }
    let text = record.text(of: "r", exitCode: 1, at: 0)
    #expect(text.utf8.count < 5 * PostMortem.mostBytes + 4_096)
    #expect(text.contains("(1500 more)") && text.contains("(1950 more)"))
    // Of the nodes that wrote, the last.
    #expect(text.contains("\nn1999:\n") && !text.contains("\nn1700:\n"))
  }

  @Test func itHasNoArguments() {
    var record = PostMortem()
    let event = LifecycleEvent(
      node: "a", path: "a", kind: .leftBehind(pid: 5, command: "mysql --password=secret"))
    _ = record.note(event)
    let text = record.text(of: "r", exitCode: 1, at: 0)
    #expect(text.contains("mysql (pid 5)") && !text.contains("secret"))
  }

  @Test func nothingInItObeysATerminal() {
    var record = PostMortem()
    record.note(OutputChunk(node: "a", stream: .error, bytes: Array("\u{1B}[2Jx\n".utf8)))
    #expect(!record.text(of: "r", exitCode: 1, at: 0).contains("\u{1B}"))
  }
}
