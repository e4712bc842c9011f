internal import ProcessTreeWire

/// The bytes of a received frame, shared by all that still read items in it.
package final class FrameBytes: @unchecked Sendable {
  // Sendable: nobody writes the bytes after `init`.
  package let bytes: UnsafeRawBufferPointer

  init(copying source: UnsafeRawBufferPointer) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 16)
    copy.copyMemory(from: source)
    bytes = UnsafeRawBufferPointer(copy)
  }

  deinit { bytes.deallocate() }

  package subscript(range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range])
  }
}

/// The items of a received frame, one after the other; every length is checked.
struct FlowItems {
  /// One item, or a piece of one.
  struct Item {
    let range: Range<Int>
    let sequence: UInt64
    let attempt: UInt8
    let number: UInt64
    /// The elements of the item at which its consumers died.
    let suspects: [UInt32]
  }

  let frame: FrameBytes
  let flags: FlowHeader.Flags
  /// The number of bytes before those of an item.
  private let prefix: Int
  private var offset = FlowHeader.size
  private(set) var left: UInt32
  private var sequence: UInt64

  init(_ frame: UnsafeRawBufferPointer, header: FlowHeader) {
    self.frame = FrameBytes(copying: frame)
    flags = header.flags
    prefix = (flags.contains(.numbered) ? 8 : 0) + (flags.contains(.redelivered) ? 1 : 0) + 4
    left = header.count
    sequence = header.total
  }

  var isEmpty: Bool { left == 0 }

  /// The sequence of the next item.
  var next: UInt64 { sequence }

  /// The next item; nil after the last, and where the frame breaks the protocol.
  mutating func popFirst() -> Item? {
    let bytes = frame.bytes
    guard var range = popRange() else { return nil }
    let start = range.lowerBound - prefix
    let number =
      flags.contains(.numbered)
      ? UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)) : 0
    let attempt = flags.contains(.redelivered) ? bytes[range.lowerBound - 5] : 1
    var suspects: [UInt32] = []
    if flags.contains(.suspects) {
      guard let (offsets, size) = Suspects.read(frame[range]) else { return nil }
      suspects = offsets
      range = range.lowerBound + size..<range.upperBound
    }
    return Item(
      range: range, sequence: sequence &- 1, attempt: attempt, number: number, suspects: suspects)
  }

  /// The place of the next item, with its suspects if it has any.
  mutating func popRange() -> Range<Int>? {
    let bytes = frame.bytes
    guard left > 0, bytes.count - offset >= prefix else { return nil }
    let start = offset + prefix
    let length = Int(
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start - 4, as: UInt32.self)))
    guard bytes.count - start >= length else { return nil }
    offset = start + length
    left -= 1
    sequence &+= 1
    return start..<offset
  }

  /// Keeps the first `count` items here; the others are the result.
  mutating func split(keeping count: UInt32) -> FlowItems {
    var rest = self
    for _ in 0..<min(count, left) { _ = rest.popRange() }
    left -= rest.left
    return rest
  }

  /// What the items have, and the last of them; nil unless the frame holds the items that its header
  /// promises, and nothing else.
  func measure() -> (bytes: Int, last: Int)? {
    var copy = self
    let hasSuspects = flags.contains(.suspects)
    var (bytes, last) = (0, 0)
    while copy.left > 0 {
      guard let range = hasSuspects ? copy.popFirst()?.range : copy.popRange(),
        range.count <= WireLimits.pieceSize
      else { return nil }
      // One in shared memory counts as what it stands for.
      let shared = flags.contains(.shared) ? SharedSlotName.read(frame[range]) : nil
      last = shared?.count ?? range.count
      bytes += last
    }
    return copy.offset == frame.bytes.count ? (bytes, last) : nil
  }
}
