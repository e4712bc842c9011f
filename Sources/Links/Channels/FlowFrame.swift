internal import Glibc
internal import ProcessTreeWire

/// A frame of items that grows until it is sent.
struct FlowFrame {
  private let flow: UInt32
  private let isNumbered: Bool
  private var bytes: [UInt8] = []
  private var count: UInt32 = 0
  private var first: UInt64 = 0
  private var isRedelivered = false
  private var isShared = false

  init(flow: UInt32, isNumbered: Bool) {
    self.flow = flow
    self.isNumbered = isNumbered
  }

  var isEmpty: Bool { count == 0 }
  /// The bytes that the frame has so far.
  private(set) var size = 0

  /// Whether an item of this kind may be in the frame beside those that are.
  func accepts(attempt: UInt8, isShared: Bool) -> Bool {
    count == 0 || (isRedelivered == (attempt > 1) && self.isShared == isShared)
  }

  /// Adds an item, or what stands for one that is in shared memory; only what the frame accepts.
  mutating func append(
    _ item: UnsafeRawBufferPointer, sequence: UInt64, attempt: UInt8, number: UInt64,
    isShared: Bool
  ) {
    if count == 0 {
      size = FlowHeader.size
      first = sequence
      isRedelivered = attempt > 1
      self.isShared = isShared
    }
    let needed = size + 13 + item.count
    if needed > bytes.count { grow(to: needed) }
    size = bytes.withUnsafeMutableBytes { buffer in
      var offset = size
      if isNumbered {
        buffer.storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt64.self)
        offset += 8
      }
      if isRedelivered {
        buffer[offset] = attempt
        offset += 1
      }
      buffer.storeBytes(
        of: UInt32(item.count).littleEndian, toByteOffset: offset, as: UInt32.self)
      offset += 4
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
    // What is not written yet is cut off before anybody reads it.
    bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      old.withUnsafeBytes { source in
        let copied = min(used, source.count)
        if let from = source.baseAddress, let to = buffer.baseAddress { memcpy(to, from, copied) }
      }
      count = room
    }
  }

  /// The finished frame; this one is empty again.
  mutating func take() -> [UInt8] {
    var frame: [UInt8] = []
    swap(&frame, &bytes)
    frame.removeLast(frame.count - size)
    let header = FlowHeader(
      kind: .items, flags: flags, flow: flow, count: count, total: first)
    frame.withUnsafeMutableBytes { header.write(to: $0) }
    count = 0
    size = 0
    return frame
  }

  private var flags: FlowHeader.Flags {
    // A literal of a set would be made by code that knows nothing of the type.
    var flags = FlowHeader.Flags(rawValue: 0)
    if isNumbered { flags.insert(.numbered) }
    if isRedelivered { flags.insert(.redelivered) }
    if isShared { flags.insert(.shared) }
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
  private static let smallRoom = 512
}
