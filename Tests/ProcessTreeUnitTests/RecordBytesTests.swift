import ProcessTreeLinks
import ProcessTreeMessagePack
import ProcessTreeProcessControl
import ProcessTreeSupervision
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// The bytes that the document promises to nodes of other languages.
@Suite struct RecordBytesTests {
  private static let request = StopRequest(
    requestedBy: "a", reason: "b", origin: .node(address: "/c"))
  private static let requestBytes: [UInt8] = [
    0x93, 0xA1, 0x61, 0xA1, 0x62, 0x92, 1, 0xA2, 0x2F, 0x63,
  ]

  private static let kinds: [(LifecycleEvent.Kind, number: UInt8, fields: [UInt8])] = [
    (.started, 1, [0x90]), (.ready, 2, [0x90]),
    (.reported(.init(message: "m", completed: 1)), 3, [0x94, 0xA1, 0x6D, 1, 0xC0, 0]),
    (.stopping(request), 4, [0x91] + requestBytes),
    (
      .exited(
        ExitReport(
          node: "n", pid: 1, status: .signaled(9, coreDumped: true), cause: .completed,
          stopRequest: request,
          usage: ResourceUsage(
            userTime: .nanoseconds(1), systemTime: .nanoseconds(2), maximumResidentSize: 3,
            voluntaryContextSwitches: 4, involuntaryContextSwitches: 5, minorPageFaults: 6,
            majorPageFaults: 7), lifetime: .nanoseconds(8), lastErrorLines: ["e"],
          crashAccount: ["c"], incarnation: 2, host: "b")), 5,
      [0x91, 0x9B, 0xA1, 0x6E, 1, 0x93, 2, 9, 0xC3, 0x91, 1] + requestBytes
        + [0x97, 1, 2, 3, 4, 5, 6, 7, 8, 0x91, 0xA1, 0x65, 0x91, 0xA1, 0x63, 2, 0xA1, 0x62]
    ),
    (
      .exited(ExitReport(node: "", cause: .outOfMemory)), 5,
      [0x91, 0x9B, 0xA0, 0xC0, 0xC0, 0x91, 8, 0xC0, 0xC0, 0, 0x90, 0x90, 1, 0xC0]
    ),
    (.leftBehind(pid: 5, command: "s"), 6, [0x92, 5, 0xA1, 0x73]),
    (.forkServerLost, 7, [0x90]),
    (.startMethodChanged(.spawn, reason: "r"), 8, [0x92, 2, 0xA1, 0x72]),
    (.connectionRefused(reason: "r"), 9, [0x91, 0xA1, 0x72]),
    (.messageRejected(reason: "r"), 10, [0x91, 0xA1, 0x72]),
    (.channelFinished(ChannelCounts(.init())), 11, [0x91, 0x97, 0, 0, 0, 0, 0, 0, 0]),
    (.channelsInCycle(nodes: ["x"]), 12, [0x91, 0x91, 0xA1, 0x78]), (.lost, 13, [0x90]),
    (.up, 14, [0x90]), (.restarted(incarnation: 2), 15, [0x91, 2]),
    (
      .restarting(child: "c", incarnation: 2, after: .nanoseconds(8), reason: "r"), 16,
      [0x94, 0xA1, 0x63, 2, 8, 0xA1, 0x72]
    ), (.skipped(child: "c"), 17, [0x91, 0xA1, 0x63]),
    (.gaveUp(reason: "r"), 18, [0x91, 0xA1, 0x72]), (.down, 19, [0x90]),
    (.unresponsive(silence: .nanoseconds(8), process: .stopped), 20, [0x93, 8, 0xC0, 0xC3]),
    (.unresponsive(silence: .nanoseconds(8), process: .running), 20, [0x93, 8, 0xC0, 0xC2]),
    (.unresponsive(silence: .nanoseconds(8), process: .traced(by: 5)), 20, [0x93, 8, 5, 0xC2]),
    (.responsive(silence: .nanoseconds(8)), 21, [0x91, 8]),
    (.hookFailed(hook: "h", reason: "r"), 22, [0x92, 0xA1, 0x68, 0xA1, 0x72]),
    (
      .deadlinePassed(.terminate, after: .nanoseconds(8), reason: "r"), 23,
      [0x93, 3, 8, 0xA1, 0x72]
    ), (.hostUp(host: "b"), 24, [0x91, 0xA1, 0x62]),
    (
      .hostOver(HostLoss(host: "b", evidence: .fenced, reason: "r")), 25,
      [0x93, 0xA1, 0x62, 0xA1, 0x72, 5]
    ),
    (.hostCut(host: "b", silence: .seconds(1)), 26, [0x92, 0xA1, 0x62, 0xCE, 0x3B, 0x9A, 0xCA, 0]),
    (.hostResumed(host: "b", after: .zero), 27, [0x92, 0xA1, 0x62, 0]),
    (.hostDraining(host: "b", within: .zero), 28, [0x92, 0xA1, 0x62, 0]),
  ]

  @Test(arguments: kinds.indices)
  func anEventHasTheBytesOfTheProtocol(_ index: Int) throws {
    let (kind, number, fields) = Self.kinds[index]
    let event = LifecycleEvent(
      sequence: 3, time: 4, node: "n", path: "Process-1:2", pid: 5, incarnation: 6, kind: kind)
    let record = EventRecord(path: NodePath(positions: [1, 2]), event: event)
    #expect(
      record.packed()
        == [0x99, 0x92, 1, 2, number, 3, 4, 0xA1, 0x6E, 5, 0xC0, 0xC4, UInt8(fields.count)] + fields
        + [6]
    )
    #expect(try EventRecord(packed: record.packed()).event() == event)
  }

  @Test func anEventOfAnotherHostNamesIt() throws {
    var event = LifecycleEvent(
      sequence: 3, time: 4, node: "n", path: "Process-1:2", pid: 5, host: "b", kind: .ready)
    let path = NodePath(positions: [1, 2])
    let packed = EventRecord(path: path, event: event).packed()
    #expect(packed.first == 0x9A && packed.suffix(2) == [0xA1, 0x62])
    #expect(try EventRecord(packed: packed).event() == event)
    event.host = nil
    #expect(EventRecord(path: path, event: event).packed().first == 0x99)
  }

  @Test func everyKindOfEventIsThere() {
    #expect(Set(Self.kinds.map { Int($0.number) }) == Set(EventKind.allCases.map(\.rawValue)))
  }

  @Test(
    arguments: [
      (.completed, [0x91, 1]), (.failed(type: "T", text: "t"), [0x93, 2, 0xA1, 0x54, 0xA1, 0x74]),
      (.exited(code: 3), [0x92, 3, 3]), (.stopped(request), [0x92, 4] + requestBytes),
      (.terminated(request, signal: 15), [0x93, 5] + requestBytes + [15]),
      (.crashed(signal: 4), [0x92, 6, 4]), (.killed(signal: 9), [0x92, 7, 9]),
      (.outOfMemory, [0x91, 8]), (.exitedWithoutResult(code: -1), [0x92, 9, 0xFF]),
      (.couldNotStart(reason: "r"), [0x92, 10, 0xA1, 0x72]),
      (.unresponsive(silence: .nanoseconds(8)), [0x92, 11, 8]),
      (.limitExceeded(signal: 24), [0x92, 12, 24]),
      (
        .hostLost(HostLoss(host: "b", evidence: .leaseOver, reason: "r")),
        [0x94, 13, 0xA1, 0x62, 0xA1, 0x72, 4]
      ),
    ] as [(ExitCause, [UInt8])])
  func aCauseHasTheBytesOfTheProtocol(_ cause: ExitCause, _ bytes: [UInt8]) throws {
    #expect(cause.packed() == bytes)
    #expect(try ExitCause(packed: bytes) == cause)
    // A field of a later version.
    #expect(try ExitCause(packed: [bytes[0] + 1] + bytes[1...] + [0xC0]) == cause)
  }

  @Test(
    arguments: [
      (nil, [0xC0]), (.node(address: "/"), [0x92, 1, 0xA1, 0x2F]),
      (.signal(2, pid: nil, user: nil), [0x94, 2, 2, 0xC0, 0xC0]),
      (.signal(15, pid: 9, user: 7), [0x94, 2, 15, 9, 7]),
    ] as [(StopRequest.Origin?, [UInt8])])
  func anOriginHasTheBytesOfTheProtocol(_ origin: StopRequest.Origin?, _ bytes: [UInt8]) throws {
    let request = StopRequest(requestedBy: "", reason: "", origin: origin)
    #expect(request.packed() == [0x93, 0xA0, 0xA0] + bytes)
    #expect(try StopRequest(packed: request.packed()) == request)
    // One of an earlier version has no origin.
    #expect(try StopRequest(packed: [0x92, 0xA0, 0xA0]).origin == nil)
  }

  @Test func unknownNumbersAreRefusedByName() {
    #expect(throws: WireError("not the record ExitCause: no cause of an end has the number 99")) {
      try ExitCause(packed: [0x91, 99])
    }
    #expect(throws: WireError.self) { try ExitStatus(packed: [0x92, 3, 1]) }
    #expect(throws: WireError.self) { try ExitStatus(packed: [0x93, 2, 65, 0xC2]) }
  }

  @Test func aLogRecordHasTheBytesOfTheProtocol() throws {
    let bytes: [UInt8] = [
      0x99, 0xA1, 0x6E, 0xA1, 0x6C, 3, 0xA1, 0x6D, 0x94, 0xA1, 0x6A, 0xA1, 0x77, 0xA1, 0x6B, 0xA1,
      0x76, 0xA1, 0x73, 0xA1, 0x66, 0xA1, 0x67, 7,
    ]
    let record = try LogRecord(packed: bytes)
    #expect(record.packed() == bytes && record.metadata == ["k": "v", "j": "w"])
    #expect("\(record.level)" == "info" && record.line == 7)
    // A key without a value.
    #expect(throws: WireError.self) {
      try LogRecord(packed: Array(bytes[..<8]) + [0x91, 0xA1, 0x6A] + bytes[17...])
    }
  }

  @Test func aFailureHasTheBytesOfTheProtocol() throws {
    let bytes: [UInt8] = [0x94, 0xA1, 0x54, 0xA1, 0x74, 0x91, 0xA1, 0x6E, 0xC4, 1, 5]
    let failure = try RemoteFailure(packed: bytes)
    #expect(failure.typeName == "T" && failure.text == "t" && failure.path == ["n"])
    #expect(failure.packed() == bytes)
  }

  @Test func processSettingsHaveTheBytesOfTheProtocol() throws {
    let settings = ProcessSettings(
      environment: .inherit(adding: ["A": "b"], removing: ["C"]), directory: "d",
      limits: [
        .cpuTime(.nanoseconds(9)), .addressSpace(1), .openFiles(2), .processes(3), .fileSize(4),
        .coreSize(5), .stackSize(6),
      ], umask: 7, niceness: -1, processors: [2, 0])
    let bytes: [UInt8] =
      [0x96, 0x93, 0xC3, 0x91, 0x92, 0xA1, 0x41, 0xA1, 0x62, 0x91, 0xA1, 0x43, 0xA1, 0x64, 0x97]
      + [0x92, 1, 9, 0x92, 2, 1, 0x92, 3, 2, 0x92, 4, 3, 0x92, 5, 4, 0x92, 6, 5, 0x92, 7, 6]
      + [7, 0xFF, 0x92, 0, 2]
    #expect(settings.packed() == bytes)
    #expect(try ProcessSettings(packed: bytes) == settings)
    let plain = ProcessSettings(environment: .only([:]))
    #expect(try ProcessSettings(packed: plain.packed()) == plain)
    #expect(throws: WireError.self) { try ResourceLimit(packed: [0x92, 8, 1]) }
  }

  @Test func settingsHaveTheBytesOfTheProtocol() throws {
    let bytes: [UInt8] = [0x97, 2, 0x93, 1, 2, 5, 3, 7, 4, 0xC0, 0xC0]
    var read = TreeConfiguration()
    try NodeSettings(packed: bytes).apply(to: &read)
    #expect(read.startMethod == .spawn && "\(read.logLevel)" == "critical")
    #expect(
      read.stopPolicy
        == StopPolicy(
          drain: .nanoseconds(5), ask: .nanoseconds(1), terminate: .nanoseconds(2)))
    #expect(read.startDeadline == .nanoseconds(3))
    #expect(read.defaultLimit == 4 && read.treeLimit == nil)
    #expect(NodeSettings(read).packed() == bytes)
    read.liveness = Liveness(lease: .seconds(1), limit: nil)
    let settings = NodeSettings(read).packed()
    #expect(settings == bytes.dropLast() + [0x92, 0xCE, 0x3B, 0x9A, 0xCA, 0x00, 0xC0])
    try NodeSettings(packed: settings).apply(to: &read)
    #expect(read.liveness == Liveness(lease: .seconds(1), limit: nil))
    // A parent of version 3.0 sends no liveness, and no time to drain.
    try NodeSettings(packed: [0x96, 2, 0x92] + bytes[3...4] + bytes[6...9]).apply(to: &read)
    #expect(read.liveness == .off && read.stopPolicy.drain == .zero)
    // No level has the number 8.
    #expect(throws: WireError.self) {
      try NodeSettings(packed: [0x96, 2, 0x92, 1, 2, 3, 8, 4, 0xC0])
    }
  }
}
