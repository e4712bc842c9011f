internal import ProcessTreeMessagePack
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The numbers of the kinds of events; they are part of the protocol and never reused.
enum EventKind: Int, CaseIterable {
  case started = 1
  case ready = 2
  case reported = 3
  case stopping = 4
  case exited = 5
  case leftBehind = 6
  case forkServerLost = 7
  case startMethodChanged = 8
  case connectionRefused = 9
  case messageRejected = 10
  case channelFinished = 11
  case channelsInCycle = 12
  case lost = 13
  case up = 14
  case restarted = 15
  case restarting = 16
  case skipped = 17
  case gaveUp = 18
  case down = 19
  case unresponsive = 20
  case responsive = 21
  case hookFailed = 22
  case deadlinePassed = 23
  case hostUp = 24
  case hostOver = 25
  case hostCut = 26
  case hostResumed = 27
  case hostDraining = 28

  /// The phase of a node's life that such an event begins, if it does.
  var phase: ChildPhase? {
    switch self {
    case .started: .starting
    case .ready: .ready
    case .stopping: .stopping
    case .exited, .lost: .exited
    default: nil
    }
  }

  /// Whether the connection to a host is cut from such an event on; nil if that stays as it was.
  var isCut: Bool? {
    switch self {
    case .hostCut: true
    case .hostResumed: false
    default: nil
    }
  }
}

extension LifecycleEvent.Kind {
  var number: EventKind {
    switch self {
    case .started: .started
    case .ready: .ready
    case .reported: .reported
    case .stopping: .stopping
    case .exited: .exited
    case .leftBehind: .leftBehind
    case .forkServerLost: .forkServerLost
    case .startMethodChanged: .startMethodChanged
    case .connectionRefused: .connectionRefused
    case .messageRejected: .messageRejected
    case .channelFinished: .channelFinished
    case .channelsInCycle: .channelsInCycle
    case .lost: .lost
    case .up: .up
    case .restarted: .restarted
    case .restarting: .restarting
    case .skipped: .skipped
    case .gaveUp: .gaveUp
    case .down: .down
    case .unresponsive: .unresponsive
    case .responsive: .responsive
    case .hookFailed: .hookFailed
    case .deadlinePassed: .deadlinePassed
    case .hostUp: .hostUp
    case .hostOver: .hostOver
    case .hostCut: .hostCut
    case .hostResumed: .hostResumed
    case .hostDraining: .hostDraining
    }
  }

  /// Packs the array of the kind's fields.
  func packFields(into writer: inout MessagePackWriter) {
    switch self {
    case .started, .ready, .up, .down, .forkServerLost, .lost: WireFields.pack(into: &writer)
    case .reported(let report):
      WireFields.pack(
        into: &writer, report.message, report.completed, report.total, report.coalesced)
    case .stopping(let request): WireFields.pack(into: &writer, request)
    case .exited(let report): WireFields.pack(into: &writer, report)
    case .leftBehind(let pid, let command): WireFields.pack(into: &writer, pid, command)
    case .startMethodChanged(let method, let reason):
      WireFields.pack(into: &writer, method, reason)
    case .restarted(let incarnation): WireFields.pack(into: &writer, incarnation)
    case .restarting(let child, let incarnation, let delay, let reason):
      WireFields.pack(into: &writer, child, incarnation, delay, reason)
    case .skipped(let child): WireFields.pack(into: &writer, child)
    case .gaveUp(let reason), .connectionRefused(let reason), .messageRejected(let reason):
      WireFields.pack(into: &writer, reason)
    case .unresponsive(let silence, let state):
      WireFields.pack(into: &writer, silence, state.tracer, state == .stopped)
    case .responsive(let silence): WireFields.pack(into: &writer, silence)
    case .hookFailed(let hook, let reason): WireFields.pack(into: &writer, hook, reason)
    case .deadlinePassed(let deadline, let time, let reason):
      WireFields.pack(into: &writer, deadline, time, reason)
    case .hostUp(let host): WireFields.pack(into: &writer, host)
    case .hostOver(let loss): WireFields.pack(into: &writer, loss.host, loss.reason, loss.evidence)
    case .hostCut(let host, let time), .hostResumed(let host, let time),
      .hostDraining(let host, let time):
      WireFields.pack(into: &writer, host, time)
    case .channelFinished(let counts): WireFields.pack(into: &writer, counts)
    case .channelsInCycle(let nodes): WireFields.pack(into: &writer, nodes)
    }
  }

  init(_ kind: EventKind, _ fields: inout WireFields) throws {
    self =
      switch kind {
      case .started: .started
      case .ready: .ready
      case .reported:
        .reported(
          ProgressReport(
            message: try fields.next(), completed: try fields.next(), total: try fields.next(),
            coalesced: max(0, try fields.next())))
      case .stopping: .stopping(try fields.next())
      case .exited: .exited(try fields.next())
      case .leftBehind: .leftBehind(pid: try fields.next(), command: try fields.next())
      case .forkServerLost: .forkServerLost
      case .startMethodChanged:
        .startMethodChanged(try fields.next(), reason: try fields.next())
      case .connectionRefused: .connectionRefused(reason: try fields.next())
      case .messageRejected: .messageRejected(reason: try fields.next())
      case .channelFinished: .channelFinished(try fields.next())
      case .channelsInCycle: .channelsInCycle(nodes: try fields.next())
      case .lost: .lost
      case .up: .up
      case .restarted: .restarted(incarnation: max(1, try fields.next()))
      case .restarting:
        .restarting(
          child: try fields.next(), incarnation: max(1, try fields.next()),
          after: (try fields.next() as Duration).asTaken, reason: try fields.next())
      case .skipped: .skipped(child: try fields.next())
      case .gaveUp: .gaveUp(reason: try fields.next())
      case .down: .down
      case .unresponsive:
        .unresponsive(
          silence: (try fields.next() as Duration).asTaken,
          process: ProcessState(tracer: try fields.next(), isStopped: try fields.next()))
      case .responsive: .responsive(silence: (try fields.next() as Duration).asTaken)
      case .hookFailed: .hookFailed(hook: try fields.next(), reason: try fields.next())
      case .hostUp: .hostUp(host: try fields.next())
      case .hostOver: .hostOver(try HostLoss(from: &fields))
      case .hostCut:
        .hostCut(
          host: try fields.next(), silence: (try fields.next() as Duration).asTaken)
      case .hostResumed:
        .hostResumed(host: try fields.next(), after: (try fields.next() as Duration).asTaken)
      case .hostDraining:
        .hostDraining(
          host: try fields.next(), within: (try fields.next() as Duration).asTaken)
      case .deadlinePassed:
        .deadlinePassed(
          try fields.next(), after: (try fields.next() as Duration).asTaken,
          reason: try fields.next())
      }
  }
}

extension LifecycleEvent.Deadline: WireNumbered {
  static let numbers: WireNumbers<Self> = [
    1: .start, 2: .ask, 3: .terminate, 4: .leave, 5: .drain,
  ]
}

extension ChannelCounts: WireRecord {
  init(fields: inout WireFields) throws {
    sent = try fields.next()
    acknowledged = try fields.next()
    dropped = try fields.next()
    quarantined = try fields.next()
    returned = try fields.next()
    redelivered = try fields.next()
    missed = try fields.next()
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, sent, acknowledged, dropped, quarantined, returned, redelivered, missed)
  }
}

/// On the wire, the id of the process that traces it, or nil, and whether it is stopped.
extension ProcessState {
  var tracer: Int32? { if case .traced(let tracer) = self { tracer } else { nil } }

  init(tracer: Int32?, isStopped: Bool) {
    self = tracer.map { .traced(by: $0) } ?? (isStopped ? .stopped : .running)
  }
}
