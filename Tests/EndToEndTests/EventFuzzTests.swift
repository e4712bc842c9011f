import Foundation
import ProcessTreeLinks
import ProcessTreeProcessControl
import ProcessTreeRandomTesting
import ProcessTreeSupervision
import ProcessTreeWire
import Testing

@testable import ProcessTree
@testable import PtreeCommands

/// Events as another process may send them: of the right form, with any numbers, texts and lists.
///
/// Nothing that a reader does with them, in the library or in the tool, may end the reader.
@Suite struct EventFuzzTests {
  private static let path = NodePath(positions: [3])

  private static let kinds: [LifecycleEvent.Kind] = {
    let request = StopRequest(requestedBy: "MainProcess", reason: "it is enough")
    let usage = ResourceUsage(
      userTime: .milliseconds(3), systemTime: .milliseconds(4), maximumResidentSize: 5,
      voluntaryContextSwitches: 6, involuntaryContextSwitches: 7, minorPageFaults: 8,
      majorPageFaults: 9)
    let causes: [ExitCause] = [
      .completed, .failed(type: "T", text: "no"), .exited(code: 3), .stopped(request),
      .terminated(request, signal: 15), .crashed(signal: 4), .killed(signal: 9), .outOfMemory,
      .exitedWithoutResult(code: 2), .couldNotStart(reason: "why"),
    ]
    let ends = causes.map { cause in
      LifecycleEvent.Kind.exited(
        ExitReport(
          node: "Process-3", pid: 7, status: .signaled(9, coreDumped: true), cause: cause,
          stopRequest: request, usage: usage, lifetime: .seconds(2), lastErrorLines: ["a", "b"],
          crashAccount: ["Fatal error: c"]))
    }
    return ends + [
      .started, .ready, .reported(.init(message: "files: read", completed: 5, total: 9)),
      .stopping(request), .leftBehind(pid: 8, command: "sleep"), .forkServerLost,
      .startMethodChanged(.spawn, reason: "r"), .connectionRefused(reason: "r"),
      .messageRejected(reason: "r"), .channelFinished(ChannelCounts(.init())),
      .channelsInCycle(nodes: ["a", "b"]), .lost,
    ]
  }()

  private static func sample(_ kind: LifecycleEvent.Kind) -> EventRecord {
    EventRecord(
      path: path,
      event: LifecycleEvent(
        sequence: 1, time: 1, node: "Process-3", path: "\(path)", pid: 7, parentPID: 6, kind: kind)
    )
  }

  /// Changes what is in front of the fields of the kind, or the fields.
  private static func mutated(
    _ record: EventRecord, _ mutation: MessagePackMutation, _ generator: inout SeededGenerator
  ) throws -> [UInt8] {
    let bytes = record.packed()
    guard generator.int(1...3) > 1 else { return try mutation.mutated(bytes, &generator) }
    let fields = try mutation.mutated(record.fields, &generator)
    let length = withUnsafeBytes(of: UInt32(fields.count).bigEndian, Array.init)
    // The fields are a binary, of less than 65,536 bytes before and of any number now; the last
    // byte is the incarnation.
    let end = record.fields.count + (record.fields.count < 256 ? 2 : 3) + 1
    return Array(bytes[..<(bytes.count - end)]) + [0xC6] + length + fields + bytes.suffix(1)
  }

  @Test func noEventOfAnotherProcessEndsItsReader() async throws {
    var generator = SeededGenerator.announced("noEventOfAnotherProcessEndsItsReader")
    let samples = Self.kinds.map(Self.sample)
    var reader = Reader()
    var (read, refused) = (0, 0)
    for round in rounds(4_000) {
      let mutation = MessagePackMutation(oneIn: generator.int(1...40))
      let bytes = try Self.mutated(samples[round % samples.count], mutation, &generator)
      guard let record = try? EventRecord(packed: bytes), let event = try? record.event() else {
        refused += 1
        continue
      }
      read += 1
      try reader.take(event, about: record.path, bytes)
      if round.isMultiple(of: 500) {
        await reader.drain()
        reader = Reader()
      }
    }
    await reader.drain()
    #expect(read > 1_000 && refused > 0)
  }

  /// What a root and the tool do with events.
  private struct Reader {
    private let hub: EventHub
    private let events: LifecycleEvents
    private var board = ProgressBoard()
    private var time: Duration = .zero

    init() {
      let root = NodeSnapshot(
        name: "", path: "", pid: 1, parentPID: nil, phase: .ready, children: [])
      hub = EventHub(picture: SubtreePicture(of: root, at: .root), hasParent: true)
      hub.remembersDeaths = true
      events = hub.subscribe(to: .root)
    }

    mutating func take(_ event: LifecycleEvent, about path: NodePath, _ bytes: [UInt8]) throws {
      hub.deliver(event, about: path)
      hub.emit(event, about: path)
      if bytes.count <= WireLimits.record { try hub.receive(bytes, from: .root) }
      for bytes in hub.takeOutgoing() {
        try #require(bytes.count <= WireLimits.record)
        _ = try EventRecord(packed: bytes)
      }
      // The description of a user's own `print`.
      _ = "\(event)"
      if case .exited(let report) = event.kind {
        _ = "\(report) \(report.cause.isSuccess) \(ChildFailure(report)) \(report.exitCode ?? 0)"
        _ = report.status.map { "\($0)" }
        _ = report.lifetime.components
        _ = report.usage.map { "\($0.userTime + $0.systemTime + report.lifetime)" }
      }
      if case .channelFinished(let counts) = event.kind { _ = "\(counts.pending)" }
      let line = event.jsonLine
      let isDocument = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any]
      try #require(isDocument, "\(line)")
      time += .milliseconds(70)
      if case .reported(let report) = event.kind {
        board.take(
          report.message, completed: report.completed ?? 0, total: report.total, from: event.node,
          at: event.path, time)
      }
      _ = board.lines(at: time, width: 80)
      if case .exited = event.kind { board.end(path: event.path) }
    }

    func drain() async {
      _ = hub.picture.snapshot()
      _ = hub.picture.nodes(below: .root)
      hub.finishAll()
      for await event in events { _ = event.jsonLine }
    }
  }
}
