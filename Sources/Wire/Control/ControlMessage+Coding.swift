internal import ProcessTreeMessagePack

extension ControlMessage {
  /// The first element of each frame; numbers are part of the protocol and never reused.
  private enum Kind: Int {
    case ready = 1
    case outcome = 2
    case goodbye = 3
    case events = 4
    case log = 5
    case renewal = 6
    case welcome = 16
    case refused = 17
    case stop = 18
    case goodbyeAcknowledged = 19
    case openLink = 20
    case drain = 21
    case rejected = 32
    case lookUp = 33
    case found = 34
    case passWanted = 48
    case pass = 49

    /// The number of fields that follow; nil if it may be any.
    var fields: Int? {
      switch self {
      case .ready, .goodbyeAcknowledged, .openLink: 0
      case .renewal: 1
      case .outcome, .goodbye, .refused, .rejected, .lookUp, .found, .passWanted: 2
      case .welcome, .pass: 3
      case .stop, .drain: 4
      case .events, .log: nil
      }
    }
  }

  /// The second element of an outcome.
  private enum OutcomeKind: Int {
    case result = 0
    case resultOnLink = 1
    case failure = 2
    case exit = 3
    case cancelled = 4
  }

  /// The frame: an array of the kind's number and the fields.
  ///
  /// Texts are cut, so that no frame is too large for them.
  package func frame() -> [UInt8] {
    var writer = MessagePackWriter(capacity: 64)
    func begin(_ kind: Kind, fields: Int) {
      writer.packArrayHeader(fields + 1)
      writer.pack(kind.rawValue)
    }
    switch self {
    case .ready: begin(.ready, fields: 0)
    case .outcome(let outcome):
      begin(.outcome, fields: 2)
      Self.pack(outcome, into: &writer)
    case .goodbye(let exitCode, let linkFrames):
      begin(.goodbye, fields: 2)
      writer.pack(Int(exitCode))
      writer.pack(linkFrames)
    case .events(let events):
      begin(.events, fields: events.count)
      for event in events { writer.packBinary(event) }
    case .log(let records):
      begin(.log, fields: records.count)
      for record in records { writer.packBinary(record) }
    case .renewal(let isSuspended):
      begin(.renewal, fields: 1)
      writer.pack(isSuspended)
    case .welcome(let version, let proof):
      begin(.welcome, fields: 3)
      writer.pack(version.major)
      writer.pack(version.minor)
      writer.packBinary(proof.bytes)
    case .refused(let refusal):
      begin(.refused, fields: 2)
      writer.pack(Int(refusal.code.rawValue))
      writer.pack(refusal.reason.limited(to: WireLimits.text))
    case .stop(let stop):
      begin(.stop, fields: 4)
      Self.pack(stop, into: &writer)
    case .drain(let stop):
      begin(.drain, fields: 4)
      Self.pack(stop, into: &writer)
    case .goodbyeAcknowledged: begin(.goodbyeAcknowledged, fields: 0)
    case .openLink: begin(.openLink, fields: 0)
    case .rejected(let flow, let reason):
      begin(.rejected, fields: 2)
      writer.pack(Int(flow))
      writer.pack(reason.limited(to: WireLimits.text))
    case .lookUp(let number, let question):
      begin(.lookUp, fields: 2)
      writer.pack(number)
      writer.packBinary(question)
    case .found(let number, let answer):
      begin(.found, fields: 2)
      writer.pack(number)
      writer.packBinary(answer)
    case .passWanted(let connector, let listener):
      begin(.passWanted, fields: 2)
      connector.pack(into: &writer)
      listener.pack(into: &writer)
    case .pass(let connector, let listener, let pass):
      begin(.pass, fields: 3)
      connector.pack(into: &writer)
      listener.pack(into: &writer)
      writer.packBinary(pass.bytes)
    }
    return writer.bytes
  }

  /// Whether a frame begins as a message does, of this or of a later version.
  package static func begins(_ frame: UnsafeRawBufferPointer) -> Bool {
    frame.first.map { $0 & 0xF0 == 0x90 || (0xDC...0xDD).contains($0) } ?? false
  }

  /// Reads a frame; throws `WireError` for anything else.
  package init(frame: [UInt8]) throws(WireError) {
    var reader = MessagePackReader(frame)
    do {
      let fields = try reader.readArrayHeader() - 1
      let number = try reader.readInt()
      guard fields >= 0, let kind = Kind(rawValue: number) else {
        throw WireError("no control message has the number \(number)")
      }
      guard kind.fields.map({ $0 == fields }) ?? true else {
        throw WireError("a control message \(number) does not have \(fields) fields")
      }
      self = try Self.read(kind, fields: fields, from: &reader)
      guard reader.isAtEnd else { throw WireError("bytes after a control message") }
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError("not a control message: \(error)")
    }
  }

  private static func read(
    _ kind: Kind, fields: Int, from reader: inout MessagePackReader
  ) throws -> Self {
    switch kind {
    case .ready: return .ready
    case .outcome: return .outcome(try readOutcome(from: &reader))
    case .goodbye:
      return .goodbye(
        exitCode: try reader.readInteger(as: Int32.self), linkFrames: try reader.readUInt64())
    case .events: return .events(try readBinaries(fields, from: &reader))
    case .log: return .log(try readBinaries(fields, from: &reader))
    case .renewal: return .renewal(isSuspended: try reader.readBool())
    case .welcome:
      return .welcome(
        ProtocolVersion(major: try reader.readInt(), minor: try reader.readInt()),
        Proof(bytes: try reader.readBinary()))
    case .refused:
      let number = try reader.readInteger(as: UInt32.self)
      return .refused(
        Refusal(Refusal.Code(rawValue: number) ?? .malformed, try reader.readString()))
    case .stop: return .stop(try readStop(from: &reader))
    case .drain: return .drain(try readStop(from: &reader))
    case .goodbyeAcknowledged: return .goodbyeAcknowledged
    case .openLink: return .openLink
    case .rejected:
      return .rejected(
        flow: try reader.readInteger(as: UInt32.self), reason: try reader.readString())
    case .lookUp:
      return .lookUp(number: try reader.readUInt64(), question: try reader.readBinary())
    case .found:
      return .found(number: try reader.readUInt64(), answer: try reader.readBinary())
    case .passWanted:
      return .passWanted(from: try .read(from: &reader), to: try .read(from: &reader))
    case .pass:
      return .pass(
        from: try .read(from: &reader), to: try .read(from: &reader),
        Pass(bytes: try reader.readBinary()))
    }
  }

  private static func pack(_ outcome: Outcome, into writer: inout MessagePackWriter) {
    switch outcome {
    case .result(let bytes):
      writer.pack(OutcomeKind.result.rawValue)
      writer.packBinary(bytes)
    case .resultOnLink:
      writer.pack(OutcomeKind.resultOnLink.rawValue)
      writer.packNil()
    case .failure(let bytes):
      writer.pack(OutcomeKind.failure.rawValue)
      writer.packBinary(bytes)
    case .exit(let code):
      writer.pack(OutcomeKind.exit.rawValue)
      writer.pack(Int(code))
    case .cancelled:
      writer.pack(OutcomeKind.cancelled.rawValue)
      writer.packNil()
    }
  }

  private static func readOutcome(from reader: inout MessagePackReader) throws -> Outcome {
    let number = try reader.readInt()
    switch OutcomeKind(rawValue: number) {
    case .result: return .result(try reader.readBinary())
    case .resultOnLink:
      try reader.skipValue()
      return .resultOnLink
    case .failure: return .failure(try reader.readBinary())
    case .exit: return .exit(try reader.readInteger(as: Int32.self))
    case .cancelled:
      try reader.skipValue()
      return .cancelled
    case nil: throw WireError("no outcome has the number \(number)")
    }
  }

  private static func pack(_ stop: StopMessage, into writer: inout MessagePackWriter) {
    writer.pack(stop.requestedBy.limited(to: WireLimits.text))
    writer.pack(stop.reason.limited(to: WireLimits.text))
    writer.pack(stop.milliseconds)
    if let origin = stop.origin { writer.packBinary(origin) } else { writer.packNil() }
  }

  private static func readStop(from reader: inout MessagePackReader) throws -> StopMessage {
    StopMessage(
      requestedBy: try reader.readString(), reason: try reader.readString(),
      milliseconds: try reader.readInt(),
      origin: try reader.readNil() ? nil : try reader.readBinary())
  }

  private static func readBinaries(
    _ count: Int, from reader: inout MessagePackReader
  ) throws -> [[UInt8]] {
    try (0..<count).map { _ in try reader.readBinary() }
  }
}
