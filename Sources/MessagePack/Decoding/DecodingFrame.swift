/// One level of decoding: a value, and how far its container has been read.
struct DecodingFrame {
  /// Unique in its decoder; containers prove by it that their value is still being decoded.
  var serial: Int
  /// Where the value's bytes start.
  var start: Int
  /// Where they end, once a read got there; -1 before.
  var end = -1
  /// Where a map's first key is; -1 until a keyed container has been asked for.
  var firstKey = -1
  /// The number of the map's entries.
  var count = 0
  /// The number of the entry that is expected to be asked for next.
  var index = 0
  /// Where its key is.
  var nextKey = 0

  /// No value: the decoder outlived its call.
  static let closed = DecodingFrame(serial: 0, start: 0)
}

/// The bytes that all decoders of one call read, until that call ends.
final class DecodingInput {
  @exclusivity(unchecked) private(set) var bytes: UnsafeRawBufferPointer
  @exclusivity(unchecked) private(set) var limits = MessagePackLimits.default
  @exclusivity(unchecked) private(set) var options: [CodingUserInfoKey: any Sendable] = [:]
  /// An error that occurred where nothing could be thrown.
  @exclusivity(unchecked) var failure: MessagePackError?

  init() {
    bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// Begins a call.
  func open(
    _ bytes: UnsafeRawBufferPointer, limits: MessagePackLimits,
    options: [CodingUserInfoKey: any Sendable]
  ) {
    self.bytes = bytes
    self.limits = limits
    // Closed without any, and most calls have none: nothing to count references of.
    if !options.isEmpty { self.options = options }
  }

  /// The failure, for the value that is decoded now to throw.
  @inline(__always)
  func takeFailure() -> MessagePackError? {
    guard failure != nil else { return nil }
    return failure.take()
  }

  /// Drops the bytes, so that code that kept a decoder finds the end of data.
  func close() {
    bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    if !options.isEmpty { options = [:] }
    failure = nil
  }
}
