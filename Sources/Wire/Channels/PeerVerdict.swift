package import ProcessTreeMessagePack

/// The word of a gate that nothing more comes from a peer on another host, and why: behind all that
/// the peer has sent.
package enum PeerVerdict: Equatable, Sendable {
  /// The peer's process has ended, and these are the items that it worked on.
  case dead(work: [NotedWork])
  /// The peer's host is lost, whatever the peer does: no item is to blame.
  case hostOver
  /// No way leads there, and why.
  case unreachable(reason: String)

  /// What a process noted for one of the flows to it.
  package struct NotedWork: Hashable, Sendable {
    /// The flow's key; see `FlowKey`.
    package var flow: UInt64
    package var sequence: UInt64
    package var elementOffset: UInt32?

    package init(flow: UInt64, sequence: UInt64, elementOffset: UInt32? = nil) {
      self.flow = flow
      self.sequence = sequence
      self.elementOffset = elementOffset
    }
  }

  /// The most notes that are sent: more receivers than one process has.
  package static let mostNotes = 4_096

  /// The frame, which a gate puts behind the peer's.
  package func frame(of peer: PeerAddress) -> [UInt8] {
    FlowHeader(kind: .closed).frame(body: Word(peer: peer, verdict: self).packed())
  }

  /// Reads such a frame.
  package static func read(
    _ frame: UnsafeRawBufferPointer
  ) throws(WireError) -> (peer: PeerAddress, verdict: Self) {
    let word = try Word(packed: Array(frame.dropFirst(FlowHeader.size)))
    return (word.peer, word.verdict)
  }

  /// The frame by which a node confirms a gate's word.
  package static var heard: [UInt8] { FlowHeader(kind: .closed).frame() }

  private struct Word: WireRecord {
    let peer: PeerAddress
    let verdict: PeerVerdict

    init(peer: PeerAddress, verdict: PeerVerdict) {
      self.peer = peer
      self.verdict = verdict
    }

    init(fields: inout WireFields) throws {
      self.init(peer: try fields.next(), verdict: try fields.next())
    }

    func pack(into writer: inout MessagePackWriter) {
      WireFields.pack(into: &writer, peer, verdict)
    }
  }
}

extension PeerVerdict: WireRecord {
  package init(fields: inout WireFields) throws {
    switch try fields.next() as Int {
    case 1:
      self = .dead(work: Array((try fields.next() as [NotedWork]).prefix(Self.mostNotes)))
    case 2: self = .hostOver
    case 3: self = .unreachable(reason: try fields.next())
    case let number: throw WireError("no verdict of a gate has the number \(number)")
    }
  }

  package func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .dead(let work):
      WireFields.pack(into: &writer, 1, Array(work.prefix(Self.mostNotes)))
    case .hostOver: WireFields.pack(into: &writer, 2)
    case .unreachable(let reason):
      WireFields.pack(into: &writer, 3, reason.limited(to: WireLimits.text))
    }
  }
}

extension PeerVerdict.NotedWork: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(
      flow: try fields.next(), sequence: try fields.next(), elementOffset: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, flow, sequence, elementOffset)
  }
}
