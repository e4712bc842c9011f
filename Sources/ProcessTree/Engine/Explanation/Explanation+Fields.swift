internal import ProcessTreeBase
internal import ProcessTreeMessagePack
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension NodeExplanation: WireRecord {
  /// The bytes of the longest text in it.
  private static let longestText = WireLimits.quotation

  init(fields: inout WireFields) throws {
    let address: String = try fields.next()
    guard let address = NodeAddress(address) else { throw WireError("an address is none") }
    self.init(
      address: address, name: try fields.next(), path: try fields.next(), pid: try fields.next(),
      incarnation: max(0, try fields.next()), phase: try fields.next(),
      waits: Array((try fields.next() as [NodeWait]).prefix(Self.mostWaits)))
    silence = (try fields.next() as Duration?)?.asTaken
    let tracer: Int32? = try fields.next()
    let isStopped: Bool? = try fields.next()
    process = isStopped.map { ProcessState(tracer: tracer, isStopped: $0) }
    threads = Array((try fields.next() as [ThreadStack]).prefix(ThreadStack.mostThreads))
    lastEnd = try fields.next()
    children = (try fields.next() as [String]).prefix(Self.mostChildren).compactMap {
      NodeAddress($0)
    }
    restarts = max(0, try fields.nextIfPresent() ?? 0)
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, address.description, name.limited(to: Self.longestText), path, pid,
      incarnation, phase, Array(waits.prefix(Self.mostWaits)), silence, process?.tracer,
      process.map { $0 == .stopped }, Array(threads.prefix(ThreadStack.mostThreads)),
      lastEnd?.limited(to: WireLimits.message),
      children.prefix(Self.mostChildren).map(\.description), restarts)
  }
}

extension NodeWait: WireRecord {
  init(fields: inout WireFields) throws {
    kind = try fields.next()
    subjects = Array((try fields.next() as [String]).prefix(Self.mostSubjects))
    subjectCount = max(0, try fields.next())
    elapsed = (try fields.next() as Duration).asTaken
    remaining = (try fields.next() as Duration?)?.asTaken
    detail = try fields.next()
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, kind, subjects.map { $0.limited(to: WireLimits.quotation) }, subjectCount,
      elapsed, remaining, detail?.limited(to: WireLimits.quotation))
  }
}

extension ThreadStack: WireRecord {
  init(fields: inout WireFields) throws {
    self.init(
      id: try fields.next(), name: try fields.next(), state: try fields.next(),
      kernelFunction: try fields.next(), frames: try fields.next(), reason: try fields.next())
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, id, name.limited(to: WireLimits.nodeName), state.limited(to: 1),
      kernelFunction?.limited(to: WireLimits.quotation),
      frames.map { $0.limited(to: WireLimits.quotation) },
      reason?.limited(to: WireLimits.quotation))
  }
}

extension NodeWait.Kind: WireNumbered {
  static let numbers: WireNumbers<Self> = [
    1: .dependency, 2: .turn, 3: .slot, 4: .start, 5: .up, 6: .backoff, 7: .end, 8: .stop,
    9: .credit, 10: .acknowledgement, 11: .element, 12: .reply, 13: .search, 14: .command,
    15: .work, 16: .sleep, 17: .hook,
  ]
}

extension SupervisedPhase: WireNumbered {
  static let numbers: WireNumbers<Self> = [
    1: .waiting, 2: .skipped, 3: .backoff, 4: .starting, 5: .started, 6: .up, 7: .stopping,
    8: .stopped, 9: .succeeded, 10: .failed,
  ]
}
