import ProcessTreeBase
import ProcessTreeMessagePack
import ProcessTreeWire
import Testing

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

  @Test func whatComesFromBelowGoesOnAsItCame() throws {
    let hub = hub(hasParent: true)
    let path = one.child(1)
    var sent = event(.ready, path)
    sent.sequence = 7
    let record = EventRecord(path: path, event: sent).encoded()
    hub.deliver(sent, about: path, as: record)
    #expect(hub.takeOutgoing() == [record])
    let long = [UInt8](repeating: 0, count: WireLimits.record + 1)
    hub.deliver(sent, about: path, as: long)
    #expect(hub.takeOutgoing() == [record])
  }

  /// Bytes that are no text become three times as long, and a report has many lines of them.
  @Test(arguments: [1_024, 100_000])
  func theEndOfANodeIsToldHoweverLongItsLastWordsAre(_ length: Int) throws {
    var tail = ErrorTail()
    tail.append(Array("Fatal error: the core follows\n".utf8))
    for _ in 0..<200 { tail.append([UInt8](repeating: 0xFF, count: length) + [10]) }
    let text = String(repeating: "é", count: length)
    var last = exitReport(.terminated(.init(requestedBy: text, reason: text), signal: 9))
    last.node = text
    last.stopRequest = .init(requestedBy: text, reason: text)
    last.lastErrorLines = tail.lastErrorLines
    last.crashAccount = tail.crashAccount
    #expect((last.lastErrorLines + last.crashAccount).allSatisfy { $0.utf8.count <= 1_024 })
    let hub = hub(hasParent: true)
    hub.emit(event(.exited(last)), about: one)
    let record = try #require(hub.takeOutgoing().first)
    #expect(record.count <= WireLimits.record)
    guard case .exited(let report) = try EventRecord(encoded: record).event.kind else {
      Issue.record("the event is another")
      return
    }
    #expect(report.pid == last.pid && report.crashAccount.count == 100)
    #expect(report.lastErrorLines.count == 20 && report.usage == last.usage)
  }

  @Test(
    arguments: [
      report(1), .stopping(.init(requestedBy: "", reason: "")), .leftBehind(pid: 1, command: ""),
      .startMethodChanged(.spawn, reason: ""), .connectionRefused(reason: ""),
      .messageRejected(reason: ""), .channelsInCycle(nodes: []),
    ] as [LifecycleEvent.Kind])
  func noEventIsTooLong(_ kind: LifecycleEvent.Kind) throws {
    let text = String(repeating: "\u{1F600}", count: 1_000_000)
    var event = event(kind)
    switch kind {
    case .reported(var report):
      report.message = text
      event.kind = .reported(report)
    case .stopping: event.kind = .stopping(.init(requestedBy: text, reason: text))
    case .leftBehind: event.kind = .leftBehind(pid: 1, command: text)
    case .startMethodChanged: event.kind = .startMethodChanged(.spawn, reason: text)
    case .connectionRefused: event.kind = .connectionRefused(reason: text)
    case .messageRejected: event.kind = .messageRejected(reason: text)
    default:
      event.kind = .channelsInCycle(
        nodes: Array(repeating: String(text.prefix(1_000)), count: 10_000))
    }
    let record = EventRecord(path: one, event: event).encoded()
    #expect(record.count <= WireLimits.record)
    let read = try EventRecord(encoded: record)
    #expect(read.event.sequence == event.sequence && read.event.kind != kind)
  }

  @Test func whatCannotHaveHappenedIsRefusedOrBroughtWithinBounds() throws {
    func arriving(_ change: (inout ExitReport) -> Void) throws -> ExitReport? {
      var report = exitReport()
      change(&report)
      let record = EventRecord(path: one, event: event(.exited(report))).encoded()
      guard case .exited(let read) = try EventRecord(encoded: record).event.kind else { return nil }
      return read
    }
    for signal in [Int32.min, -1, 0, 65, .max] {
      #expect(throws: (any Error).self) {
        try arriving { $0.status = .signaled(signal, coreDumped: false) }
      }
    }
    #expect(try arriving { $0.lifetime = Duration(attoseconds: .max) }?.lifetime == .longest)
    #expect(try arriving { $0.lifetime = .seconds(Int64.min) }?.lifetime == .zero)
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
    let read = try EventRecord(encoded: record.encoded())
    #expect(read.path == record.path && read.event == record.event)
  }
}
