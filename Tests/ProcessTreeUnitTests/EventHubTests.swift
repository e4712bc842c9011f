import MessagePack
import Testing
import Wire

@testable import ProcessTree

@Suite struct EventHubTests {
  private func hub(hasParent: Bool) -> EventHub {
    let root = NodeSnapshot(name: "", path: "", pid: 1, phase: .ready, children: [])
    return EventHub(picture: SubtreePicture(of: root, at: .root), hasParent: hasParent)
  }

  private let one = NodePath(positions: [1])

  @Test func theEventsOfANodeAreNumberedWithoutGaps() async {
    let hub = hub(hasParent: false)
    let events = hub.subscribe(to: .root)
    for kind in [LifecycleEvent.Kind.started, .ready, report(1), .exited(exitReport())] {
      hub.emit(event(kind), about: one)
      hub.emit(event(.forkServerLost), about: .root)
    }
    hub.finishAll()
    var numbers: [LifecycleEvent.Kind: [UInt64]] = [:]
    for await event in events { numbers[event.kind, default: []].append(event.sequence) }
    #expect(numbers[.started] == [1] && numbers[report(1)] == [3])
    #expect(numbers[.exited(exitReport())] == [4] && numbers[.forkServerLost] == [1, 2, 3, 4])
  }

  @Test func aSubscriberHearsOfItsSubtreeAlone() async {
    let hub = hub(hasParent: false)
    let events = hub.subscribe(to: one)
    for path in [one, one.child(1), NodePath(positions: [2]), .root, NodePath(positions: [11])] {
      hub.emit(event(.ready, path), about: path)
    }
    hub.finish(one)
    hub.emit(event(.ready), about: one)
    var heard: [String] = []
    for await event in events { heard.append(event.path) }
    #expect(heard == ["Process-1", "Process-1:1"])
  }

  @Test func whatGoesUpIsTakenOnce() throws {
    let hub = hub(hasParent: true)
    let sent = event(.exited(exitReport(.failed(type: "T", text: "x"))))
    hub.emit(sent, about: one)
    let records = try hub.takeOutgoing().map { try EventRecord(encoded: $0) }
    #expect(records.map(\.path) == [one])
    #expect(records.first?.event.kind == sent.kind && records.first?.event.sequence == 1)
    #expect(hub.takeOutgoing().isEmpty)
    let root = self.hub(hasParent: false)
    root.emit(sent, about: one)
    #expect(root.takeOutgoing().isEmpty)
  }

  @Test(
    arguments: [
      .started, .ready, report(3), .stopping(.init(requestedBy: "a", reason: "b")),
      .exited(exitReport(.exitedWithoutResult(code: 3))), .leftBehind(pid: .max, command: "é"),
      .forkServerLost, .startMethodChanged(.spawn, reason: "r"), .connectionRefused(reason: ""),
      .messageRejected(reason: "x"), .lost,
    ] as [LifecycleEvent.Kind])
  func eventsCrossAsTheyAre(_ kind: LifecycleEvent.Kind) throws {
    let record = EventRecord(path: one.child(4), event: event(kind, one.child(4), sequence: .max))
    let read = try EventRecord(encoded: try record.encoded())
    #expect(read.path == record.path && read.event == record.event)
  }
}
