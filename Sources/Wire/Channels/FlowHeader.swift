/// The first 32 bytes of each frame of a data link, after the hello; little-endian.
///
/// ```
/// 0  u8  kind
/// 1  u8  flags     of items and replies: see `Flags`
/// 2  u16 0
/// 4  u32 flow      the stream of items on this link
/// 8  u32 count     of items in the frame
/// 12 u32 items     of back: items granted since the start, modulo 2^32
/// 16 u64 total     of items: sequence of the first; of back: bytes granted so far; others: below
/// 24 u64 number    of the frame on its link, from 1 on; 0 for frames that are not repeated;
///                  of welcome and whoIsThere: of the question
/// ```
///
/// Credit and acknowledgements are absolute totals, so repeating or merging them does no harm.
package struct FlowHeader: Equatable, Sendable {
  package enum Kind: UInt8, Sendable {
    /// Items of a flow, each a `u32` length and its bytes; before that, if flagged, a `u64` number,
    /// a `u64` time and a `u8` attempt.
    case items = 1
    /// Credit and acknowledgements: all sequences below a `u64`, then single sequences above, `u64`
    /// each, which are sent once.
    case back = 2
    /// A `LinkMessage`.
    case control = 3
    /// The reply to an item: `total` is its sequence.
    case reply = 4
    /// Confirms the frames up to `total`; not numbered.
    case received = 5
    /// Requests `received` at once; not numbered.
    case report = 6
    /// Accepts the hello; `total` frames had arrived before, `number` is that of the question.
    case welcome = 7
    /// Asks a new connection for its hello; `number` is the question, greater than any before.
    case whoIsThere = 8
    /// Refuses the hello; `total` is the code, the body is the reason, as text.
    case refused = 9
    /// A `PeerVerdict`, as the last frame of a link over hosts; not numbered.
    case closed = 10
    /// A gate asks a new connection where it leads.
    case whereTo = 11
    /// The answer: a `GateTarget`.
    case target = 12
    /// A `LinkMessage` about rings for this connection, between a node and a half of a host; not
    /// numbered.
    case rings = 13
  }

  package struct Flags: OptionSet, Equatable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The first item continues the last one of the frame before.
    package static let continuesPrevious = Self(rawValue: 1)
    /// The last item is not whole.
    package static let continuesInNext = Self(rawValue: 2)
    /// Items have been delivered before: each begins with the number of this attempt.
    package static let redelivered = Self(rawValue: 4)
    /// Items are leased: each begins with its `u64` number among those of its sender.
    package static let numbered = Self(rawValue: 16)
    /// Items are in memory that both nodes share.
    package static let shared = Self(rawValue: 8)
    /// Items have killed consumers: the bytes of each begin with a `u16` count and that many `u32`
    /// offsets of the elements at which the consumers died.
    package static let suspects = Self(rawValue: 32)
    /// Items are of use for a time: each has, behind its number, the `u64` nanoseconds that were
    /// left when its frame was made.
    package static let timed = Self(rawValue: 64)
  }

  /// The size of a header in bytes.
  package static let size = 32

  package var kind: Kind
  package var flags: Flags
  package var flow: UInt32
  package var count: UInt32
  package var items: UInt32
  package var total: UInt64
  package var number: UInt64

  package init(
    kind: Kind, flags: Flags = Flags(rawValue: 0), flow: UInt32 = 0, count: UInt32 = 0,
    items: UInt32 = 0, total: UInt64 = 0, number: UInt64 = 0
  ) {
    self.kind = kind
    self.flags = flags
    self.flow = flow
    self.count = count
    self.items = items
    self.total = total
    self.number = number
  }

  /// A frame of the header alone.
  package func frame() -> [UInt8] {
    var frame = [UInt8](repeating: 0, count: Self.size)
    frame.withUnsafeMutableBytes { write(to: $0) }
    return frame
  }

  /// A frame of the header and a body.
  package func frame(body: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.size + body.count)
    bytes += frame()
    bytes += body
    return bytes
  }

  /// Writes the header over the first 32 bytes of `buffer`.
  package func write(to buffer: UnsafeMutableRawBufferPointer) {
    buffer[0] = kind.rawValue
    buffer[1] = flags.rawValue
    buffer[2] = 0
    buffer[3] = 0
    buffer.storeBytes(of: flow.littleEndian, toByteOffset: 4, as: UInt32.self)
    buffer.storeBytes(of: count.littleEndian, toByteOffset: 8, as: UInt32.self)
    buffer.storeBytes(of: items.littleEndian, toByteOffset: 12, as: UInt32.self)
    buffer.storeBytes(of: total.littleEndian, toByteOffset: 16, as: UInt64.self)
    buffer.storeBytes(of: number.littleEndian, toByteOffset: Self.numberOffset, as: UInt64.self)
  }

  /// Where a frame has its number.
  package static let numberOffset = 24

  /// The number of a frame that a link keeps until it is confirmed; nil for any other frame.
  package static func number(of frame: UnsafeRawBufferPointer) -> UInt64? {
    guard let header = try? Self(frame) else { return nil }
    switch header.kind {
    case .items, .back, .control, .reply: return header.number
    case .received, .report, .welcome, .whoIsThere, .refused, .closed, .whereTo, .target, .rings:
      return nil
    }
  }

  /// Reads the header of a frame.
  package init(_ frame: UnsafeRawBufferPointer) throws(WireError) {
    guard frame.count >= Self.size else { throw WireError("a link's frame has at least 32 bytes") }
    guard let kind = Kind(rawValue: frame[0]) else {
      throw WireError("no frame of a link has the kind \(frame[0])")
    }
    self.kind = kind
    flags = Flags(rawValue: frame[1])
    flow = UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    count = UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    items = UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
    total = UInt64(littleEndian: frame.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    number = UInt64(littleEndian: frame.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
  }
}
