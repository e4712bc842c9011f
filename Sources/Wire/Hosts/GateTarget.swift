package import ProcessTreeMessagePack

/// The request of a node to the gate of its host: from whom to whom a data link goes.
package struct GateTarget: Equatable, Sendable {
  package var from: PeerAddress
  package var to: PeerAddress

  package init(from: PeerAddress, to: PeerAddress) {
    self.from = from
    self.to = to
  }

  /// The frame that answers a gate's question.
  package func frame() -> [UInt8] { FlowHeader(kind: .target).frame(body: packed()) }

  /// Reads the answer to a gate's question; nil for any other frame.
  package init?(frame: UnsafeRawBufferPointer) {
    guard frame.count <= PeerHello.largestFrame, let header = try? FlowHeader(frame),
      header.kind == .target,
      let target = try? Self(packed: Array(frame.dropFirst(FlowHeader.size)))
    else { return nil }
    self = target
  }
}

extension GateTarget: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(from: try fields.next(), to: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, from, to)
  }
}
