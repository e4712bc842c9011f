extension Refusal {
  /// The frame by which a listener refuses the hello of a data link.
  package func frame() -> [UInt8] {
    FlowHeader(kind: .refused, total: UInt64(code.rawValue))
      .frame(body: Array(reason.limited(to: WireLimits.text).utf8))
  }

  /// Reads such a frame; a code of a later version is none of this one.
  package init(_ header: FlowHeader, _ frame: UnsafeRawBufferPointer) {
    self.init(
      Code(rawValue: UInt32(clamping: header.total)) ?? .malformed,
      String(decoding: frame.dropFirst(FlowHeader.size), as: UTF8.self))
  }
}
