internal import Wire

/// A frame of items that grows until it is sent.
struct FlowFrame {
  private let flow: UInt32
  private let isNumbered: Bool
  private var bytes: [UInt8] = []
  private var count: UInt32 = 0
  private var first: UInt64 = 0
  private var isRedelivered = false

  init(flow: UInt32, isNumbered: Bool) {
    self.flow = flow
    self.isNumbered = isNumbered
  }

  var isEmpty: Bool { count == 0 }
  var size: Int { bytes.count }

  /// Whether an item with this attempt may be in the frame beside those that are.
  func accepts(attempt: UInt8) -> Bool { count == 0 || isRedelivered == (attempt > 1) }

  mutating func append(
    _ item: UnsafeRawBufferPointer, sequence: UInt64, attempt: UInt8, number: UInt64
  ) {
    if count == 0 {
      bytes.reserveCapacity(Self.room)
      bytes.append(contentsOf: repeatElement(0, count: FlowHeader.size))
      first = sequence
      isRedelivered = attempt > 1
    }
    if isNumbered { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
    if isRedelivered { bytes.append(attempt) }
    withUnsafeBytes(of: UInt32(item.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: item)
    count += 1
  }

  /// The finished frame; this one is empty again.
  mutating func take() -> [UInt8] {
    var frame: [UInt8] = []
    swap(&frame, &bytes)
    let header = FlowHeader(
      kind: .items, flags: flags, flow: flow, count: count, total: first)
    frame.withUnsafeMutableBytes { header.write(to: $0) }
    count = 0
    return frame
  }

  private var flags: FlowHeader.Flags {
    var flags: FlowHeader.Flags = isNumbered ? .numbered : []
    if isRedelivered { flags.insert(.redelivered) }
    return flags
  }

  /// One piece of an item that is too large for a frame.
  static func piece(
    _ piece: ArraySlice<UInt8>, of item: PendingItem, flow: UInt32, sequence: UInt64,
    isNumbered: Bool, isFirst: Bool, isLast: Bool
  ) -> [UInt8] {
    var flags: FlowHeader.Flags = item.attempt > 1 ? .redelivered : []
    if isNumbered { flags.insert(.numbered) }
    if !isFirst { flags.insert(.continuesPrevious) }
    if !isLast { flags.insert(.continuesInNext) }
    let header = FlowHeader(kind: .items, flags: flags, flow: flow, count: 1, total: sequence)
    var frame: [UInt8] = []
    frame.reserveCapacity(FlowHeader.size + 13 + piece.count)
    frame += header.frame()
    if isNumbered { withUnsafeBytes(of: item.number.littleEndian) { frame.append(contentsOf: $0) } }
    if item.attempt > 1 { frame.append(item.attempt) }
    withUnsafeBytes(of: UInt32(piece.count).littleEndian) { frame.append(contentsOf: $0) }
    frame += piece
    return frame
  }

  /// A frame is sent when it has this size; measured: 32 to 128 KiB are equal, 8 KiB half the rate.
  static let target = 32 << 10
  private static let room = target + 1_024
}

extension FlowFrame {
  /// What stands for an item that is in shared memory.
  static func reference(
    _ bytes: [UInt8], of item: PendingItem, flow: UInt32, sequence: UInt64, isNumbered: Bool
  ) -> [UInt8] {
    var frame = piece(
      bytes[...], of: item, flow: flow, sequence: sequence, isNumbered: isNumbered, isFirst: true,
      isLast: true)
    frame[1] |= FlowHeader.Flags.shared.rawValue
    return frame
  }
}

/// The items of a frame that came, taken one after the other; no length is believed.
struct FlowItems {
  /// One item, or a piece of one.
  struct Item {
    let range: Range<Int>
    let sequence: UInt64
    let attempt: UInt8
    let number: UInt64
  }

  let frame: [UInt8]
  let flags: FlowHeader.Flags
  private var offset = FlowHeader.size
  private(set) var left: UInt32
  private var sequence: UInt64

  init(_ frame: UnsafeRawBufferPointer, header: FlowHeader) {
    self.frame = Array(frame)
    flags = header.flags
    left = header.count
    sequence = header.total
  }

  var isEmpty: Bool { left == 0 }

  /// The sequence of the next item.
  var next: UInt64 { sequence }

  /// Where the next item is; nil after the last, and for a frame that is not one.
  mutating func popFirst() -> Item? {
    guard left > 0 else { return nil }
    let isNumbered = flags.contains(.numbered)
    let hasAttempt = flags.contains(.redelivered)
    let prefix = (isNumbered ? 8 : 0) + (hasAttempt ? 1 : 0) + 4
    return frame.withUnsafeBytes { bytes -> Item? in
      guard bytes.count - offset >= prefix else { return nil }
      let number =
        isNumbered
        ? UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) : 0
      let attempt = hasAttempt ? bytes[offset + prefix - 5] : 1
      let length = Int(
        UInt32(
          littleEndian: bytes.loadUnaligned(
            fromByteOffset: offset + prefix - 4, as: UInt32.self)))
      guard bytes.count - offset - prefix >= length else { return nil }
      let start = offset + prefix
      offset = start + length
      left -= 1
      defer { sequence += 1 }
      return Item(range: start..<offset, sequence: sequence, attempt: attempt, number: number)
    }
  }

  /// Whether the frame holds the items that its header promises, and nothing else.
  func isWellFormed() -> Bool {
    var copy = self
    while copy.left > 0 { guard copy.popFirst() != nil else { return false } }
    return copy.offset == frame.count
  }
}
