internal import Glibc
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// The bytes of a received frame, shared by all that still read items in it.
package final class FrameBytes: @unchecked Sendable {
  // Sendable: nobody writes the bytes once others read them.
  @exclusivity(unchecked) package private(set) var bytes: UnsafeRawBufferPointer
  /// The room in memory of its own; nil for bytes that are somebody else's.
  private var capacity: Int?

  private init(_ bytes: UnsafeRawBufferPointer, capacity: Int?) {
    self.bytes = bytes
    self.capacity = capacity
  }

  static func copying(_ source: UnsafeRawBufferPointer) -> FrameBytes {
    let copy = FrameBytes(UnsafeRawBufferPointer(start: nil, count: 0), capacity: 0)
    copy.append(source)
    return copy
  }

  /// The bytes where they are, for as long as the caller has them.
  static func borrowing(_ source: UnsafeRawBufferPointer) -> FrameBytes {
    FrameBytes(source, capacity: nil)
  }

  deinit {
    if capacity != nil { free(UnsafeMutableRawPointer(mutating: bytes.baseAddress)) }
  }

  /// Adds a further piece of an item; only while nobody else reads the frame.
  ///
  /// The memory doubles. Large blocks grow where they are, or their pages move, without a copy.
  func append(_ piece: UnsafeRawBufferPointer) {
    guard let capacity else { preconditionFailure("the bytes are somebody else's") }
    let count = bytes.count + piece.count
    var start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
    if count > capacity {
      let room = max(count, 2 * capacity)
      self.capacity = room
      start = realloc(start, room)
    }
    guard let start else { fatalError("out of memory for \(count) bytes of an item") }
    if let source = piece.baseAddress { memcpy(start + bytes.count, source, piece.count) }
    bytes = UnsafeRawBufferPointer(start: start, count: count)
  }

  /// Writes the length of the only item, all pieces of which are here.
  func setLength(_ length: Int, at offset: Int) {
    UnsafeMutableRawBufferPointer(mutating: bytes).storeBytes(
      of: UInt32(length).littleEndian, toByteOffset: offset, as: UInt32.self)
  }

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
    /// The time that was left for it when its frame was made; nil for any time.
    let remaining: Duration?
    /// The elements of the item at which its consumers died.
    let suspects: [Suspect]
  }

  let frame: FrameBytes
  let flags: FlowHeader.Flags
  /// The number of bytes before those of an item.
  private let prefix: Int
  /// When the frame arrived, if its items are timed.
  var arrival: Moment?
  private var offset = FlowHeader.size
  private(set) var left: UInt32
  private var sequence: UInt64

  init(_ frame: UnsafeRawBufferPointer, header: FlowHeader) {
    self.init(.copying(frame), header: header)
  }

  init(_ frame: FrameBytes, header: FlowHeader) {
    self.frame = frame
    flags = header.flags
    prefix =
      (flags.contains(.numbered) ? 8 : 0) + (flags.contains(.timed) ? 8 : 0)
      + (flags.contains(.redelivered) ? 1 : 0) + 4
    left = header.count
    sequence = header.total
  }

  var isEmpty: Bool { left == 0 }

  /// The place of the first item's bytes.
  fileprivate var start: Int { FlowHeader.size + prefix }

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
    let remaining = flags.contains(.timed) ? remaining(from: start) : nil
    var suspects: [Suspect] = []
    if flags.contains(.suspects) {
      guard let (found, size) = Suspects.read(frame[range]) else { return nil }
      suspects = found
      range = range.lowerBound + size..<range.upperBound
    }
    return Item(
      range: range, sequence: sequence &- 1, attempt: attempt, number: number,
      remaining: remaining, suspects: suspects)
  }

  /// The time that an item has, whose prefix begins at an offset.
  private func remaining(from start: Int) -> Duration {
    let offset = start + (flags.contains(.numbered) ? 8 : 0)
    let nanoseconds = UInt64(
      littleEndian: frame.bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    return .nanoseconds(Int64(clamping: nanoseconds))
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

  /// Makes arrays of the next items, as long as each is one binary of MessagePack.
  ///
  /// - Parameter former: The places, the first ones, that have arrays already. One of the same size
  ///   that nobody else has gets the bytes.
  /// - Returns: The number of arrays, and of the bytes that these items have.
  mutating func popBinaries(
    atMost most: Int, to place: UnsafeMutablePointer<[UInt8]>, former: Int = 0
  ) -> (count: Int, bytes: Int) {
    // `Array` of bytes is specialised in the standard library; the initializer with a closure is
    // not, and looks up its metadata in each call.
    popBinaries(atMost: most) { index, bytes in
      let array = place + index
      if index >= former {
        array.initialize(to: Array(bytes))
      } else if array.pointee.count != bytes.count {
        array.pointee = Array(bytes)
      } else {
        array.pointee.withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
      }
    }
  }

  /// Appends the next items, as long as each is one binary of MessagePack, to some bytes, and the
  /// places of the binaries there.
  ///
  /// - Returns: The number of binaries, and of the bytes that these items have.
  mutating func popBinaries(
    atMost most: Int, to bytes: inout [UInt8], _ places: inout [Range<Int>]
  ) -> (count: Int, bytes: Int) {
    guard let base = frame.bytes.baseAddress else { return (0, 0) }
    let start = offset
    // All of them are copied at once, with what stands between them.
    let shift = bytes.count - start
    // Further ones grow by doubling.
    if places.isEmpty { places.reserveCapacity(min(most, Int(left))) }
    let popped = popBinaries(atMost: most) { _, body in
      guard let first = body.baseAddress else { return }
      let place = first - base + shift
      places.append(place..<place + body.count)
    }
    bytes += frame[start..<offset]
    return popped
  }

  /// Calls `body` with the number and the bytes of each of the next items, as long as it is one
  /// binary.
  @inline(__always)
  private mutating func popBinaries(
    atMost most: Int, _ body: (Int, UnsafeRawBufferPointer) -> Void
  ) -> (count: Int, bytes: Int) {
    guard let base = frame.bytes.baseAddress else { return (0, 0) }
    let (end, prefix, first) = (frame.bytes.count, prefix, offset)
    let most = min(most, Int(left))
    var (next, count) = (first, 0)
    while count < most, end &- next >= prefix {
      let start = next &+ prefix
      let length = Int(Self.length(base + start))
      guard end &- start >= length,
        let binary = MessagePackDecoder.binary(
          in: UnsafeRawBufferPointer(start: base + start, count: length))
      else { break }
      body(count, binary)
      next = start &+ length
      count &+= 1
    }
    offset = next
    left -= UInt32(count)
    sequence &+= UInt64(count)
    return (count, next - first - count * prefix)
  }

  /// The length of the item that begins at a place.
  @inline(__always)
  private static func length(_ place: UnsafeRawPointer) -> UInt32 {
    UInt32(littleEndian: (place - 4).loadUnaligned(as: UInt32.self))
  }

  /// Keeps the first `count` items here; the others are the result.
  mutating func split(keeping count: UInt32) -> FlowItems {
    var rest = self
    for _ in 0..<min(count, left) { _ = rest.popRange() }
    left -= rest.left
    return rest
  }

  /// What the items have, and the last of them; nil unless the frame holds the items that its
  /// header promises, and nothing else.
  func measure() -> (bytes: Int, last: Int)? {
    // Once a frame: set operations on a type of another module are generic calls.
    let (hasSuspects, isShared) = (flags.contains(.suspects), flags.contains(.shared))
    let most = WireLimits.pieceSize
    guard hasSuspects || isShared else { return measurePlain(atMost: most) }
    var copy = self
    var (bytes, last) = (0, 0)
    while copy.left > 0 {
      guard let range = hasSuspects ? copy.popFirst()?.range : copy.popRange(), range.count <= most
      else { return nil }
      // One in shared memory counts as what it stands for.
      let shared = isShared ? SharedSlotName.read(frame[range]) : nil
      last = shared?.count ?? range.count
      bytes += last
    }
    return copy.offset == frame.bytes.count ? (bytes, last) : nil
  }

  /// The same for items that are in the frame, and begin with their own bytes.
  private func measurePlain(atMost most: Int) -> (bytes: Int, last: Int)? {
    guard let base = frame.bytes.baseAddress else { return nil }
    let (end, prefix) = (frame.bytes.count, prefix)
    var (next, length) = (offset, 0)
    for _ in 0..<left {
      guard end &- next >= prefix else { return nil }
      next &+= prefix
      length = Int(Self.length(base + next))
      guard length <= most else { return nil }
      next &+= length
    }
    return next == end ? (end - offset - Int(left) * prefix, length) : nil
  }
}

/// An item whose last piece has not arrived: the frame of its first piece, which the others make
/// longer.
struct PartialItem {
  private let frame: FrameBytes
  private let header: FlowHeader
  /// The place of the item in the frame, behind its number and length, with its suspects.
  private let start: Int
  /// The bytes of the item that are here, without its suspects.
  private(set) var count: Int

  var sequence: UInt64 { header.total }

  /// Begins with a frame of one piece, the item of which is `first`.
  init(_ items: FlowItems, first: FlowItems.Item, header: FlowHeader) {
    frame = items.frame
    self.header = header
    start = items.start
    count = first.range.count
  }

  mutating func append(_ piece: UnsafeRawBufferPointer) {
    frame.append(piece)
    count += piece.count
  }

  /// The item, now that its last piece is here.
  func finish() -> FlowItems {
    var header = header
    header.flags.remove(.continuesInNext)
    frame.setLength(frame.bytes.count - start, at: start - 4)
    return FlowItems(frame, header: header)
  }
}
