internal import ProcessTreeMessagePack
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// An event on the control socket: what every node on its way needs, in front of fields that only a
/// listener reads.
///
/// No event is lost for its contents: texts that are too long to travel are cut.
struct EventRecord: WireRecord, Equatable {
  let path: NodePath
  /// The number of an `EventKind`, or that of a later version.
  let kind: Int
  var sequence: UInt64
  var time: Int64
  let node: String
  let pid: Int32?
  let parentPID: Int32?
  /// The packed fields of the kind.
  let fields: [UInt8]
  /// The number of the node's life.
  var incarnation: Int
  /// The host of the node; nil for that of the run's root.
  var host: String?

  init(fields: inout WireFields) throws {
    path = try fields.next()
    kind = try fields.next()
    sequence = try fields.next()
    time = try fields.next()
    node = try fields.next()
    pid = try fields.next()
    parentPID = try fields.next()
    self.fields = (try fields.next() as WireBytes).bytes
    incarnation = max(1, try fields.nextIfPresent() ?? 1)
    host = (try fields.nextIfPresent() as String?)?.limited(to: WireLimits.nodeName)
  }

  func pack(into writer: inout MessagePackWriter) {
    guard let host else {
      return WireFields.pack(
        into: &writer, path, kind, sequence, time, node, pid, parentPID, WireBytes(fields),
        incarnation)
    }
    WireFields.pack(
      into: &writer, path, kind, sequence, time, node, pid, parentPID, WireBytes(fields),
      incarnation, host)
  }

  /// The longest texts that are tried, in bytes: with the last, every event fits.
  private static let textLimits = [WireLimits.text, 8 << 10, 1 << 10, 128]

  /// The record of an event, which has at most `WireLimits.record` bytes.
  init(path: NodePath, event: LifecycleEvent) {
    // Most fit as they are.
    self.init(whole: event, at: path)
    for limit in Self.textLimits where largestSize > WireLimits.record {
      self.init(whole: event.cut(textsTo: limit), at: path)
    }
  }

  private init(whole event: LifecycleEvent, at path: NodePath) {
    self.path = path
    kind = event.kind.number.rawValue
    sequence = event.sequence
    time = event.time
    node = event.node
    pid = event.pid
    parentPID = event.parentPID
    incarnation = event.incarnation
    host = event.host
    var writer = MessagePackWriter()
    event.kind.packFields(into: &writer)
    fields = writer.bytes
  }

  /// A bound on the bytes of the record: integers have at most 9, positions 5.
  private var largestSize: Int {
    fields.count + node.utf8.count + 5 * path.positions.count
      + (host?.utf8.count ?? 0) + 90
  }

  /// The phase of the node's life that the event begins, if it does.
  var phase: ChildPhase? { EventKind(rawValue: kind)?.phase }

  /// Whether the connection to a host is cut from the event on; nil if that stays as it was.
  var isCut: Bool? { EventKind(rawValue: kind)?.isCut }

  /// The event itself; nil for one of a later version.
  ///
  /// Another process sent it, so its numbers are brought within bounds: code that reads the event,
  /// here or in a user's program, may calculate with them. Throws for one that cannot have
  /// happened.
  func event() throws(WireError) -> LifecycleEvent? {
    guard let kind = EventKind(rawValue: kind) else { return nil }
    let read = try WireFields.readAll(of: fields, as: "of the event \(kind)") {
      try LifecycleEvent.Kind(kind, &$0)
    }
    return LifecycleEvent(
      // The name that goes with the place: not another node's.
      sequence: sequence, time: max(0, time), node: node, path: path.description, pid: pid,
      parentPID: parentPID, incarnation: incarnation, host: host, kind: read)
  }
}

extension LifecycleEvent {
  /// The event with each of its texts, and lists of them, cut.
  fileprivate func cut(textsTo limit: Int) -> Self {
    var event = self
    event.node = node.limited(to: limit)
    switch kind {
    case .started, .ready, .up, .down, .unresponsive, .responsive, .restarted, .forkServerLost,
      .channelFinished, .lost:
      break
    case .restarting(let child, let incarnation, let delay, let reason):
      event.kind = .restarting(
        child: child.limited(to: limit), incarnation: incarnation, after: delay,
        reason: reason.limited(to: limit))
    case .hostUp(let host): event.kind = .hostUp(host: host.limited(to: limit))
    case .hostOver(let loss): event.kind = .hostOver(loss.cut(textsTo: limit))
    case .hostCut(let host, let silence):
      event.kind = .hostCut(host: host.limited(to: limit), silence: silence)
    case .hostResumed(let host, let time):
      event.kind = .hostResumed(host: host.limited(to: limit), after: time)
    case .hostDraining(let host, let time):
      event.kind = .hostDraining(host: host.limited(to: limit), within: time)
    case .skipped(let child): event.kind = .skipped(child: child.limited(to: limit))
    case .gaveUp(let reason): event.kind = .gaveUp(reason: reason.limited(to: limit))
    case .reported(var report):
      report.message = report.message.limited(to: limit)
      event.kind = .reported(report)
    case .stopping(let request): event.kind = .stopping(request.cut(textsTo: limit))
    case .exited(let report): event.kind = .exited(report.cut(textsTo: limit))
    case .leftBehind(let pid, let command):
      event.kind = .leftBehind(pid: pid, command: command.limited(to: limit))
    case .startMethodChanged(let method, let reason):
      event.kind = .startMethodChanged(method, reason: reason.limited(to: limit))
    case .connectionRefused(let reason):
      event.kind = .connectionRefused(reason: reason.limited(to: limit))
    case .messageRejected(let reason):
      event.kind = .messageRejected(reason: reason.limited(to: limit))
    case .hookFailed(let hook, let reason):
      event.kind = .hookFailed(
        hook: hook.limited(to: limit), reason: reason.limited(to: limit))
    case .deadlinePassed(let deadline, let time, let reason):
      event.kind = .deadlinePassed(deadline, after: time, reason: reason.limited(to: limit))
    case .channelsInCycle(let nodes):
      event.kind = .channelsInCycle(
        nodes: nodes.prefix(NodePath.maximumDepth).map { $0.limited(to: limit) })
    }
    return event
  }
}

extension ExitReport {
  fileprivate func cut(textsTo limit: Int) -> Self {
    var report = self
    report.node = node.limited(to: limit)
    report.cause = cause.cut(textsTo: limit)
    report.stopRequest = stopRequest?.cut(textsTo: limit)
    report.lastErrorLines = lastErrorLines.suffix(ErrorTail.lastLines).map {
      $0.limited(to: min(limit, ErrorTail.longestLine))
    }
    report.crashAccount = crashAccount.prefix(ErrorTail.accountLines).map {
      $0.limited(to: min(limit, ErrorTail.longestLine))
    }
    return report
  }
}

extension ExitCause {
  fileprivate func cut(textsTo limit: Int) -> Self {
    switch self {
    case .failed(let type, let text):
      .failed(type: type.limited(to: limit), text: text.limited(to: limit))
    case .stopped(let request): .stopped(request.cut(textsTo: limit))
    case .terminated(let request, let signal):
      .terminated(request.cut(textsTo: limit), signal: signal)
    case .couldNotStart(let reason): .couldNotStart(reason: reason.limited(to: limit))
    case .hostLost(let loss): .hostLost(loss.cut(textsTo: limit))
    case .completed, .exited, .crashed, .killed, .outOfMemory, .limitExceeded,
      .exitedWithoutResult, .unresponsive:
      self
    }
  }
}

extension HostLoss {
  fileprivate func cut(textsTo limit: Int) -> Self {
    Self(host: host.limited(to: limit), evidence: evidence, reason: reason.limited(to: limit))
  }
}

extension StopRequest {
  fileprivate func cut(textsTo limit: Int) -> Self {
    var request = self
    request.requestedBy = requestedBy.limited(to: limit)
    request.reason = reason.limited(to: limit)
    if case .node(let address) = origin, address.utf8.count > limit { request.origin = nil }
    return request
  }
}
