internal import ProcessTreeBase
internal import ProcessTreeMessagePack
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension ExitReport: WireRecord {
  init(fields: inout WireFields) throws {
    self.init(
      node: try fields.next(), pid: try fields.next(), status: try fields.next(),
      cause: try fields.next(), stopRequest: try fields.next(), usage: try fields.next(),
      lifetime: (try fields.next() as Duration).asTaken,
      lastErrorLines: (try fields.next() as [String]).suffix(ErrorTail.lastLines),
      crashAccount: Array((try fields.next() as [String]).prefix(ErrorTail.accountLines)),
      incarnation: max(1, try fields.nextIfPresent() ?? 1),
      host: try fields.nextIfPresent())
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, node, pid, status, cause, stopRequest, usage, lifetime, lastErrorLines,
      crashAccount, incarnation, host)
  }
}

/// The number of the case, then its values.
extension ExitStatus: WireRecord {
  init(fields: inout WireFields) throws {
    let number: Int = try fields.next()
    switch number {
    case 1: self = .exited(try fields.next())
    case 2:
      let signal: Int32 = try fields.next()
      guard SignalName.numbers.contains(signal) else {
        throw WireError("a process cannot have ended by the signal \(signal)")
      }
      self = .signaled(signal, coreDumped: try fields.next())
    default: throw WireError("no status of a process has the number \(number)")
    }
  }

  func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .exited(let code): WireFields.pack(into: &writer, 1, code)
    case .signaled(let signal, let coreDumped):
      WireFields.pack(into: &writer, 2, signal, coreDumped)
    }
  }
}

/// The number of the case, then its values.
extension ExitCause: WireRecord {
  init(fields: inout WireFields) throws {
    let number: Int = try fields.next()
    self =
      switch number {
      case 1: .completed
      case 2: .failed(type: try fields.next(), text: try fields.next())
      case 3: .exited(code: try fields.next())
      case 4: .stopped(try fields.next())
      case 5: .terminated(try fields.next(), signal: try fields.next())
      case 6: .crashed(signal: try fields.next())
      case 7: .killed(signal: try fields.next())
      case 8: .outOfMemory
      case 9: .exitedWithoutResult(code: try fields.next())
      case 10: .couldNotStart(reason: try fields.next())
      case 11: .unresponsive(silence: (try fields.next() as Duration).asTaken)
      case 12: .limitExceeded(signal: try fields.next())
      case 13: .hostLost(try HostLoss(from: &fields))
      default: throw WireError("no cause of an end has the number \(number)")
      }
  }

  func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .completed: WireFields.pack(into: &writer, 1)
    case .failed(let type, let text): WireFields.pack(into: &writer, 2, type, text)
    case .exited(let code): WireFields.pack(into: &writer, 3, code)
    case .stopped(let request): WireFields.pack(into: &writer, 4, request)
    case .terminated(let request, let signal): WireFields.pack(into: &writer, 5, request, signal)
    case .crashed(let signal): WireFields.pack(into: &writer, 6, signal)
    case .killed(let signal): WireFields.pack(into: &writer, 7, signal)
    case .outOfMemory: WireFields.pack(into: &writer, 8)
    case .exitedWithoutResult(let code): WireFields.pack(into: &writer, 9, code)
    case .couldNotStart(let reason): WireFields.pack(into: &writer, 10, reason)
    case .unresponsive(let silence): WireFields.pack(into: &writer, 11, silence)
    case .limitExceeded(let signal): WireFields.pack(into: &writer, 12, signal)
    case .hostLost(let loss):
      WireFields.pack(into: &writer, 13, loss.host, loss.reason, loss.evidence)
    }
  }
}

extension StopRequest: WireRecord {
  init(fields: inout WireFields) throws {
    self.init(
      requestedBy: try fields.next(), reason: try fields.next(),
      origin: try fields.nextIfPresent())
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, requestedBy, reason, origin)
  }
}

/// The number of the case, then its values.
extension StopRequest.Origin: WireRecord {
  init(fields: inout WireFields) throws {
    let number: Int = try fields.next()
    switch number {
    case 1: self = .node(address: try fields.next())
    case 2:
      self = .signal(try fields.next(), pid: try fields.next(), user: try fields.next())
    default: throw WireError("no origin of a stop has the number \(number)")
    }
  }

  func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .node(let address): WireFields.pack(into: &writer, 1, address)
    case .signal(let signal, let pid, let user):
      WireFields.pack(into: &writer, 2, signal, pid, user)
    }
  }
}

extension ResourceUsage: WireRecord {
  init(fields: inout WireFields) throws {
    self.init(
      userTime: (try fields.next() as Duration).asTaken,
      systemTime: (try fields.next() as Duration).asTaken,
      maximumResidentSize: try fields.next(), voluntaryContextSwitches: try fields.next(),
      involuntaryContextSwitches: try fields.next(), minorPageFaults: try fields.next(),
      majorPageFaults: try fields.next())
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, userTime, systemTime, maximumResidentSize, voluntaryContextSwitches,
      involuntaryContextSwitches, minorPageFaults, majorPageFaults)
  }
}

/// Whole nanoseconds, at most 292 years of them.
extension Duration: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    .nanoseconds(try reader.readInt64())
  }

  func pack(into writer: inout MessagePackWriter) { writer.pack(wholeNanoseconds) }

  /// A time that something took, as another process reports it.
  var asTaken: Duration { max(.zero, clamped) }
}

extension HostLoss {
  /// Reads one that is among the fields of another record.
  init(from fields: inout WireFields) throws {
    let (host, reason): (String, String) = (try fields.next(), try fields.next())
    self.init(host: host, evidence: try fields.next(), reason: reason)
  }
}

extension HostLoss.Evidence: WireNumbered {
  static let numbers: WireNumbers<Self> = [
    1: .goodbye, 2: .agentGone, 3: .rebooted, 4: .leaseOver, 5: .fenced,
  ]
}
