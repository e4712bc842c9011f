/// The first 16 bytes of each frame of an edge's data socket, after the hello; little-endian.
///
/// ```
/// 0  u8  kind      1 items, 2 credit, 3 finish
/// 1  u8  flags     of items: 1 the first continues the previous frame's last, 2 the last is not whole
/// 2  u16 channel
/// 4  u32 count     of items
/// 8  u64 total     of credit: bytes granted since the start; else 0
/// 16 items: for each a u32 length and that many bytes
/// ```
///
/// Credit is an absolute total, so repeating or merging frames does no harm.
package struct DataFrameHeader: Equatable, Sendable {
  package enum Kind: UInt8, Sendable {
    case items = 1
    case credit = 2
    case finish = 3
  }

  package struct Flags: OptionSet, Equatable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    package static let continuesPrevious = Self(rawValue: 1)
    package static let continuesInNext = Self(rawValue: 2)
  }

  /// The size of a header in bytes.
  package static let size = 16

  package var kind: Kind
  package var flags: Flags
  package var channel: UInt16
  package var count: UInt32
  package var total: UInt64

  package init(
    kind: Kind, flags: Flags = [], channel: UInt16, count: UInt32 = 0, total: UInt64 = 0
  ) {
    self.kind = kind
    self.flags = flags
    self.channel = channel
    self.count = count
    self.total = total
  }

  /// Writes the header over the first 16 bytes of `buffer`.
  package func write(to buffer: UnsafeMutableRawBufferPointer) {
    buffer[0] = kind.rawValue
    buffer[1] = flags.rawValue
    buffer.storeBytes(of: channel.littleEndian, toByteOffset: 2, as: UInt16.self)
    buffer.storeBytes(of: count.littleEndian, toByteOffset: 4, as: UInt32.self)
    buffer.storeBytes(of: total.littleEndian, toByteOffset: 8, as: UInt64.self)
  }

  /// Reads the header of a frame.
  package init(_ frame: UnsafeRawBufferPointer) throws(WireError) {
    guard frame.count >= Self.size else { throw WireError("a data frame has at least 16 bytes") }
    guard let kind = Kind(rawValue: frame[0]) else {
      throw WireError("no data frame has the kind \(frame[0])")
    }
    self.kind = kind
    flags = Flags(rawValue: frame[1])
    channel = UInt16(littleEndian: frame.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    count = UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    total = UInt64(littleEndian: frame.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }
}
