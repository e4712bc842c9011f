/// One level of encoding: a value and its container.
struct EncodingFrame {
  enum Kind: UInt8 {
    /// Nothing yet.
    case empty
    /// One value, which is complete.
    case single
    case keyed
    case unkeyed
    /// No value is being encoded: the encoder outlived its call.
    case closed
  }

  /// Unique in its encoder; containers prove by it that their value is still being encoded.
  var serial: Int
  var kind: Kind
  /// Where the value's bytes start.
  var start: Int
  /// The number of elements or entries so far.
  var count = 0
  /// The first of the nested containers that belong into this value.
  var firstSplice: Int

  static let closed = EncodingFrame(serial: 0, kind: .closed, start: 0, firstSplice: 0)
}

/// A nested container, which is encoded aside and belongs at a place in the outer bytes.
struct Splice {
  let offset: Int
  let encoder: EncoderCore
}
