internal import ProcessTreeBase
internal import ProcessTreeMessagePack
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// An event on the control socket.
///
/// No event is lost for what is in it: what is too long to travel is cut. What arrives is another
/// process's word: it is brought within bounds, so that whoever reads the event, here or in a user's
/// code, may count with its numbers.
struct EventRecord: Codable {
  let path: NodePath
  let event: LifecycleEvent

  init(path: NodePath, event: LifecycleEvent) {
    self.path = path
    self.event = event
  }

  /// The longest texts that are tried, in bytes: with the last, every event fits.
  private static let textLimits = [WireLimits.text, 8 << 10, 1 << 10, 128]

  /// The record, of at most `WireLimits.record` bytes.
  func encoded() -> [UInt8] {
    let encoder = MessagePackEncoder()
    // Most fit as they are. Nothing in an event can fail to be encoded.
    var bytes = (try? encoder.encode(self)) ?? []
    for limit in Self.textLimits where bytes.count > WireLimits.record {
      let cut = Self(path: path, event: event.cut(textsTo: limit))
      bytes = (try? encoder.encode(cut)) ?? []
    }
    return bytes
  }

  /// Reads a record; throws for what is none.
  init(encoded: [UInt8]) throws {
    let record = try MessagePackDecoder().decode(Self.self, from: encoded)
    path = record.path
    event = try record.event.checked(at: record.path)
  }
}

extension LifecycleEvent {
  /// The event with each of its texts, and lists of them, cut.
  fileprivate func cut(textsTo limit: Int) -> Self {
    var event = self
    event.node = node.limited(to: limit)
    event.path = path.limited(to: limit)
    switch kind {
    case .started, .ready, .forkServerLost, .channelFinished, .lost: break
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
    case .channelsInCycle(let nodes):
      event.kind = .channelsInCycle(
        nodes: nodes.prefix(NodePath.maximumDepth).map { $0.limited(to: limit) })
    }
    return event
  }

  /// The event as its reader may take it; throws when it cannot have happened.
  fileprivate func checked(at path: NodePath) throws(WireError) -> Self {
    var event = self
    // The name that goes with the place: not another node's.
    event.path = path.description
    event.time = max(0, time)
    switch kind {
    case .exited(let report): event.kind = .exited(try report.checked())
    case .reported(var report):
      report.coalesced = max(0, report.coalesced)
      event.kind = .reported(report)
    default: break
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

  fileprivate func checked() throws(WireError) -> Self {
    var report = self
    if case .signaled(let signal, coreDumped: _) = status, !ExitStatus.signals.contains(signal) {
      throw WireError("a process cannot have ended by the signal \(signal)")
    }
    report.lifetime = lifetime.checked
    report.usage?.userTime = (usage?.userTime ?? .zero).checked
    report.usage?.systemTime = (usage?.systemTime ?? .zero).checked
    report.lastErrorLines = Array(lastErrorLines.suffix(ErrorTail.lastLines))
    report.crashAccount = Array(crashAccount.prefix(ErrorTail.accountLines))
    return report
  }
}

extension Duration {
  /// A time that something took.
  fileprivate var checked: Duration { max(.zero, clamped) }
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
    case .completed, .exited, .crashed, .killed, .outOfMemory, .exitedWithoutResult: self
    }
  }
}

extension StopRequest {
  fileprivate func cut(textsTo limit: Int) -> Self {
    Self(requestedBy: requestedBy.limited(to: limit), reason: reason.limited(to: limit))
  }
}
