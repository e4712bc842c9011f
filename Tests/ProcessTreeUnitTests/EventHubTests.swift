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

  @Test func theNumbersOfANodeThatIsKeptOpenGoOnBehindItsEnd() async {
    let hub = hub(hasParent: false)
    let events = hub.subscribe(to: .root)
    hub.emit(event(.started), about: one)
    hub.keepOpen(one)
    hub.emit(event(.exited(exitReport())), about: one)
    hub.emit(event(.forkServerLost), about: one)
    hub.close(one)
    hub.emit(event(.started), about: one)
    hub.emit(event(.exited(exitReport())), about: one)
    hub.close(one)
    hub.emit(event(.started), about: one)
    hub.finishAll()
    var numbers: [UInt64] = []
    for await event in events { numbers.append(event.sequence) }
    #expect(numbers == [1, 2, 3, 1, 2, 1])
  }

  /// A quick child is up before its parent knows that it has been started.
  @Test func whatAChildSaysOfItselfIsNoEarlierThanItsStart() async throws {
    let hub = hub(hasParent: true)
    let events = hub.subscribe(to: .root)
    var (start, up, down) = (event(.started), event(.up), event(.down))
    (start.time, up.time, down.time) = (20, 10, 30)
    hub.emit(start, about: one)
    for sent in [up, down] {
      try hub.receive(EventRecord(path: one, event: sent).packed(), from: one)
    }
    hub.finishAll()
    var times: [Int64] = []
    for await event in events { times.append(event.time) }
    #expect(times == [20, 20, 30])
    #expect(try hub.takeOutgoing().map { try EventRecord(packed: $0).time } == times)
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
    let records = try hub.takeOutgoing().map { try EventRecord(packed: $0) }
    #expect(records.map(\.path) == [one])
    #expect(try records.first?.event()?.kind == sent.kind && records.first?.sequence == 1)
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
    let record = EventRecord(path: path, event: sent).packed()
    try hub.receive(record, from: one)
    #expect(hub.takeOutgoing() == [record])
    #expect(hub.picture.nodes(below: one).map(\.1.phase) == [.ready])
  }

  /// The bytes behind the header are no fields at all: a reader of them has refused them.
  @Test(arguments: EventKind.allCases)
  func fieldsAreReadOnlyWhereSomebodyListens(_ kind: EventKind) throws {
    let path = one.child(1)
    let record = header(path, kind.rawValue) + [0xC4, 2, 0xC1, 0xC1]
    let hub = hub(hasParent: true)
    var events: LifecycleEvents? = hub.subscribe(to: NodePath(positions: [2]))
    try hub.receive(record, from: one)
    #expect(hub.takeOutgoing() == [record])
    events = hub.subscribe(to: one)
    #expect(throws: WireError.self) { try hub.receive(record, from: one) }
    #expect(hub.takeOutgoing().isEmpty)
    withExtendedLifetime(events) {}
    // One who has turned away reads nothing.
    events = nil
    try hub.receive(record, from: one)
    #expect(hub.takeOutgoing() == [record])
  }

  /// An array of eight: path, kind, sequence 7, time 1, name, pid and pid of the parent.
  private func header(_ path: NodePath, _ kind: Int) -> [UInt8] {
    [0x98, 0x90 | UInt8(path.positions.count)] + path.positions.map { UInt8($0) }
      + [UInt8(kind), 7, 1, 0xA1, 0x6E, 3, 2]
  }

  @Test func theParentNumbersWhatAChildSaysOfItselfAndDoesNotReadIt() throws {
    let hub = hub(hasParent: true)
    hub.emit(event(.started), about: one)
    _ = hub.takeOutgoing()
    let fields: [UInt8] = [0xC4, 2, 0xC1, 0xC1]
    // Its version is 3.0, which has no number of a life; the parent knows it.
    try hub.receive(
      header(one, EventKind.reported.rawValue) + fields, from: one, incarnation: 5)
    var numbered = header(one, EventKind.reported.rawValue) + fields + [5]
    (numbered[0], numbered[4]) = (0x99, 2)
    #expect(hub.takeOutgoing() == [numbered])
  }

  @Test func anEventOfALaterVersionGoesUpAndNobodySeesIt() async throws {
    let hub = hub(hasParent: true)
    let events = hub.subscribe(to: .root)
    let record = header(one.child(1), 99) + [0xC4, 2, 0x91, 5]
    try hub.receive(record, from: one)
    #expect(hub.takeOutgoing() == [record])
    hub.finishAll()
    for await event in events { Issue.record("\(event)") }
  }

  @Test func whatIsNoRecordOfTheSubtreeIsRefused() throws {
    let hub = hub(hasParent: true)
    let record = header(NodePath(positions: [2]), 1) + [0xC4, 1, 0x90]
    #expect(throws: WireError("an event that is none of the node's")) {
      try hub.receive(record, from: one)
    }
    let whole = header(one, 1) + [0xC4, 1, 0x90]
    for length in 0..<whole.count {
      #expect(throws: WireError.self) { try hub.receive(Array(whole[..<length]), from: one) }
    }
    let long = [UInt8](repeating: 0, count: WireLimits.record + 1)
    #expect(throws: WireError.self) { try hub.receive(long, from: one) }
    #expect(hub.takeOutgoing().isEmpty && hub.picture.nodes(below: .root).isEmpty)
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
    guard case .exited(let report) = try EventRecord(packed: record).event()?.kind else {
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
    let record = EventRecord(path: one, event: event).packed()
    #expect(record.count <= WireLimits.record)
    let read = try #require(try EventRecord(packed: record).event())
    #expect(read.sequence == event.sequence && read.kind != kind)
  }

  @Test func whatCannotHaveHappenedIsRefusedOrBroughtWithinBounds() throws {
    func arriving(_ change: (inout ExitReport) -> Void) throws -> ExitReport? {
      var report = exitReport()
      change(&report)
      let record = EventRecord(path: one, event: event(.exited(report))).packed()
      guard case .exited(let read) = try EventRecord(packed: record).event()?.kind else {
        return nil
      }
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
    let sent = event(kind, one.child(4), sequence: .max)
    let record = EventRecord(path: one.child(4), event: sent)
    let read = try EventRecord(packed: record.packed())
    #expect(try read == record && read.event() == sent)
  }
}
