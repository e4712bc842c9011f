internal import DequeModule
internal import ProcessTreeWire

/// A node's ring: frames go into memory that the peer reads.
///
/// Each is a record: its length as a `u64`, its bytes, and what is missing to a multiple of 8. A
/// frame that does not fit waits, and goes in pieces as the peer makes room.
struct RingWriter {
  private let own: RingMemory
  private let ring: UnsafeMutableRawPointer
  private let peer: RingMemory
  private var written: UInt64 = 0
  /// What the peer had taken when this node looked last.
  private var taken: UInt64 = 0
  private var waiting: Deque<[UInt8]> = []
  /// The bytes of the first waiting record that are in the ring.
  private var begun = 0

  /// - Parameters:
  ///   - own: This node's memory.
  ///   - peer: The peer's.
  init(_ own: UnsafeMutableRawBufferPointer, peer: UnsafeRawBufferPointer) {
    self.own = RingMemory(UnsafeRawBufferPointer(own))
    self.peer = RingMemory(peer)
    guard let start = own.baseAddress else { preconditionFailure("a ring without memory") }
    ring = start
  }

  /// Whether frames wait for room.
  var isWaiting: Bool { !waiting.isEmpty }

  /// Writes a frame, or as much of it as there is room for; throws if the peer's words cannot be
  /// true.
  mutating func send(_ frame: [UInt8]) throws(WireError) {
    if waiting.isEmpty, try write(frame) { return }
    waiting.append(frame)
  }

  /// Writes what waits, as far as there is room.
  mutating func resume() throws(WireError) {
    while let frame = waiting.first, try write(frame) { waiting.removeFirst() }
  }

  /// Writes a frame, or what is left of it; whether all of it is in the ring now.
  private mutating func write(_ frame: [UInt8]) throws(WireError) -> Bool {
    var room = try findRoom()
    defer { own.store(written, .written) }
    if begun == 0 {
      room -= rewind(for: frame.count)
      guard room >= RingMemory.lengthSize else { return false }
      ring.storeBytes(
        of: UInt64(frame.count), toByteOffset: own.offset(of: written), as: UInt64.self)
      begun = RingMemory.lengthSize
      written += UInt64(RingMemory.lengthSize)
      room -= RingMemory.lengthSize
    }
    let from = begun - RingMemory.lengthSize
    let size = min(RingMemory.padded(frame.count - from), room)
    frame.withUnsafeBytes { put($0[from..<min(frame.count, from + size)]) }
    written += UInt64(size)
    begun += size
    guard from + size >= frame.count else { return false }
    begun = 0
    return true
  }

  private mutating func findRoom() throws(WireError) -> Int {
    let now = peer.load(.taken)
    guard now >= taken, now <= written, now % 8 == 0 else {
      throw WireError("its ring cannot be: it has taken \(now) of \(written) bytes")
    }
    taken = now
    return own.capacity - Int(written - taken)
  }

  /// Goes back to the beginning of an empty ring, so that small traffic uses the same few cache
  /// lines and pages again and again; returns the bytes that this takes of the room.
  private mutating func rewind(for count: Int) -> Int {
    let offset = Int(truncatingIfNeeded: written) & (own.capacity - 1)
    let record = RingMemory.lengthSize + RingMemory.padded(count)
    guard taken == written, offset >= Self.rewindsFrom, record <= offset else { return 0 }
    ring.storeBytes(
      of: RingMemory.skip, toByteOffset: own.offset(of: written), as: UInt64.self)
    let skipped = own.capacity - offset
    written += UInt64(skipped)
    return skipped
  }

  /// So that the words and what is in the ring share a page.
  private static let rewindsFrom = 2 << 10

  private func put(_ bytes: Slice<UnsafeRawBufferPointer>) {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    guard let source = bytes.baseAddress else { return }
    let offset = own.offset(of: written)
    let first = min(bytes.count, RingLayout.start + own.capacity - offset)
    (ring + offset).copyMemory(from: source, byteCount: first)
    guard first < bytes.count else { return }
    (ring + RingLayout.start).copyMemory(from: source + first, byteCount: bytes.count - first)
  }
}
