internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// Up to eight bytes that stand before an item's others: the mark that the rest are bytes.
///
/// With it an item of bytes is copied once, to where it is sent from.
package struct ItemHead {
  /// The bytes, the first one lowest.
  package let bytes: UInt64
  package let count: Int

  static var none: ItemHead { ItemHead(bytes: 0, count: 0) }
}

/// A frame of items that grows until it is sent.
struct FlowFrame {
  /// The properties of an item beside its bytes; all items of a frame have the same flags.
  struct Traits {
    var number: UInt64 = 0
    var attempt: UInt8 = 1
    /// The nanoseconds that are left for the item, if it is flagged as timed.
    var remaining: UInt64 = 0
    /// The raw value of the flags: set operations on a type of another module are generic calls,
    /// which would cost a quarter of the rate of small items.
    var flags: UInt8 = 0
  }

  private let flow: UInt32
  private let isNumbered: Bool
  private var bytes: [UInt8] = []
  private var count: UInt32 = 0
  private var first: UInt64 = 0
  private var flags: UInt8 = 0

  init(flow: UInt32, isNumbered: Bool) {
    self.flow = flow
    self.isNumbered = isNumbered
  }

  var isEmpty: Bool { count == 0 }
  /// The number of bytes that the frame has so far.
  private(set) var size = 0

  /// Whether an item may join those that are in the frame.
  func accepts(_ traits: Traits) -> Bool { count == 0 || flags == traits.flags }

  /// Adds an item without traits if the frame has others of the kind, and room; false if not.
  ///
  /// The path of nearly all small items.
  @inline(__always)
  mutating func appendPlain(_ item: UnsafeRawBufferPointer, behind head: ItemHead) -> Bool {
    let used = size
    guard count > 0, flags == 0, !isNumbered,
      used &+ Self.mostBefore &+ item.count <= bytes.count
    else { return false }
    bytes.withUnsafeMutableBytes { buffer in
      let place = buffer.baseAddress.unsafelyUnwrapped + used
      place.storeBytes(
        of: UInt32(truncatingIfNeeded: head.count &+ item.count).littleEndian, as: UInt32.self)
      (place + 4).storeBytes(of: head.bytes.littleEndian, as: UInt64.self)
      if let source = item.baseAddress { memcpy(place + 4 + head.count, source, item.count) }
    }
    size = used &+ 4 &+ head.count &+ item.count
    count &+= 1
    return true
  }

  /// Adds elements of bytes as `appendPlain` does, until one does not fit, the frame is full, or
  /// there is no credit for another.
  ///
  /// - Returns: How many, and the bytes that these items have together.
  mutating func appendPlain(
    binaries elements: UnsafeBufferPointer<[UInt8]>, within credit: (items: Int, bytes: Int)
  ) -> (items: Int, bytes: Int) {
    guard count > 0, flags == 0, !isNumbered else { return (0, 0) }
    let start = size
    let most = min(elements.count, credit.items)
    var (used, added) = (start, 0)
    bytes.withUnsafeMutableBytes { buffer in
      let base = buffer.baseAddress.unsafelyUnwrapped
      while added < most, used < Self.target,
        // What the items have counted so far, their lengths left out.
        used &- start &+ added &* (FlowCredit.itemCost - 4) < credit.bytes
      {
        let fits = elements[added].withUnsafeBytes { element in
          let end = used &+ Self.mostBefore &+ element.count
          guard end <= buffer.count else { return false }
          let head = MessagePackWriter.binaryHeader(of: element.count)
          let place = base + used
          let length = head.count &+ element.count
          place.storeBytes(of: UInt32(truncatingIfNeeded: length).littleEndian, as: UInt32.self)
          (place + 4).storeBytes(of: head.bytes.littleEndian, as: UInt64.self)
          if let source = element.baseAddress {
            memcpy(place + 4 + head.count, source, element.count)
          }
          used = used &+ 4 &+ length
          return true
        }
        guard fits else { break }
        added &+= 1
      }
    }
    size = used
    count &+= UInt32(truncatingIfNeeded: added)
    return (added, used - start - 4 * added)
  }

  /// Adds an item that the frame accepts.
  mutating func append(
    _ item: UnsafeRawBufferPointer, behind head: ItemHead = .none, sequence: UInt64,
    _ traits: Traits
  ) {
    if count == 0 {
      size = FlowHeader.size
      first = sequence
      flags = traits.flags
    }
    let needed = size + Self.mostBefore + item.count
    if needed > bytes.count { grow(to: needed) }
    size = bytes.withUnsafeMutableBytes { buffer in
      var offset = size
      if isNumbered || traits.arePrefixed {
        offset = traits.write(isNumbered: isNumbered, to: buffer, at: offset)
      }
      buffer.storeBytes(
        of: UInt32(head.count + item.count).littleEndian, toByteOffset: offset, as: UInt32.self)
      buffer.storeBytes(of: head.bytes.littleEndian, toByteOffset: offset + 4, as: UInt64.self)
      offset += 4 + head.count
      if let source = item.baseAddress, let target = buffer.baseAddress {
        memcpy(target + offset, source, item.count)
      }
      return offset + item.count
    }
    count += 1
  }

  /// Small at first, because many frames have one small item; then at once as large as frames get.
  private mutating func grow(to needed: Int) {
    let room = max(needed, bytes.isEmpty && needed <= Self.smallRoom ? Self.smallRoom : Self.room)
    let (old, used) = (bytes, size)
    // `take` cuts off what was never written.
    bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      old.withUnsafeBytes { source in
        let copied = min(used, source.count)
        if let from = source.baseAddress, let to = buffer.baseAddress { memcpy(to, from, copied) }
      }
      count = room
    }
  }

  /// The header of the frame as it is.
  var header: FlowHeader {
    let numbered = isNumbered ? FlowHeader.Flags.numbered.rawValue : 0
    return FlowHeader(
      kind: .items, flags: FlowHeader.Flags(rawValue: flags | numbered), flow: flow, count: count,
      total: first)
  }

  /// The finished frame; this one is empty again.
  mutating func take() -> [UInt8] {
    var frame: [UInt8] = []
    swap(&frame, &bytes)
    frame.removeLast(frame.count - size)
    frame.withUnsafeMutableBytes { header.write(to: $0) }
    count = 0
    size = 0
    return frame
  }

  /// Number, time, attempt, length and head of an item.
  private static let mostBefore = 8 + 8 + 1 + 4 + 8
  /// A frame is sent when it has this size; measured: 32 to 128 KiB are equal, 8 KiB half the rate.
  static let target = 32 << 10
  private static let room = target + 1_024
  private static let smallRoom = 512
}

extension FlowFrame.Traits {
  init(number: UInt64, attempt: UInt8, hasSuspects: Bool, _ others: UInt8 = 0) {
    self.init(number: number, attempt: attempt, flags: others)
    if attempt > 1 { flags |= FlowHeader.Flags.redelivered.rawValue }
    if hasSuspects { flags |= FlowHeader.Flags.suspects.rawValue }
  }

  /// Whether there is a time within which the item is of use.
  fileprivate var isTimed: Bool { flags & FlowHeader.Flags.timed.rawValue != 0 }

  /// Whether there is more before an item's length than its number.
  fileprivate var arePrefixed: Bool { attempt > 1 || isTimed }

  /// Writes what stands before an item's length; returns the place behind it.
  ///
  /// Apart from `append`, which most items pass without a call this way.
  fileprivate func write(
    isNumbered: Bool, to buffer: UnsafeMutableRawBufferPointer, at start: Int
  ) -> Int {
    var offset = start
    if isNumbered {
      buffer.storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt64.self)
      offset += 8
    }
    if isTimed {
      buffer.storeBytes(of: remaining.littleEndian, toByteOffset: offset, as: UInt64.self)
      offset += 8
    }
    if attempt > 1 {
      buffer[offset] = attempt
      offset += 1
    }
    return offset
  }

  /// Gives the item this much time from now on.
  mutating func limit(to time: Duration) {
    flags |= FlowHeader.Flags.timed.rawValue
    remaining = UInt64(max(0, time.wholeNanoseconds))
  }
}

/// The elements of an item at which its consumers died, before the item's own bytes: a `u16` count,
/// and for each death, the first one first, two `u32`: the consumer's position and the element's
/// offset.
enum Suspects {
  /// The deaths that an item carries; the latest if it has more.
  private static let most = 4_096

  static func encode(_ suspects: [Suspect]) -> [UInt8] {
    let latest = suspects.suffix(most)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 + 8 * latest.count)
    withUnsafeBytes(of: UInt16(latest.count).littleEndian) { bytes.append(contentsOf: $0) }
    for number in latest.flatMap({ [$0.consumer, $0.elementOffset] }) {
      withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// Reads the deaths, and the number of bytes that they take; nil for bytes that are too short.
  static func read(_ item: UnsafeRawBufferPointer) -> (suspects: [Suspect], size: Int)? {
    guard item.count >= 2 else { return nil }
    let count = Int(UInt16(littleEndian: item.loadUnaligned(as: UInt16.self)))
    let size = 2 + 8 * count
    guard count <= most, item.count >= size else { return nil }
    func number(at offset: Int) -> UInt32 {
      UInt32(littleEndian: item.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    let suspects = (0..<count).map {
      Suspect(consumer: number(at: 2 + 8 * $0), elementOffset: number(at: 6 + 8 * $0))
    }
    return (suspects, size)
  }
}
