internal import ProcessTreeWire

/// The peer's ring, as its reader.
///
/// The peer may write at any time what it likes. So each word is read once and checked, and a frame
/// is copied out before anybody looks at it.
struct RingReader {
  private let own: RingMemory
  private let peer: RingMemory
  /// The bytes that this node has taken since the start.
  private(set) var taken: UInt64 = 0
  /// What the peer had written when this node looked last.
  private var written: UInt64 = 0
  /// The length of the frame that is being copied; 0 between frames.
  private var length = 0
  private var copied = 0
  private var bytes: [UInt8] = []

  /// - Parameters:
  ///   - peer: The peer's memory.
  ///   - own: This node's.
  init(_ peer: UnsafeRawBufferPointer, own: UnsafeMutableRawBufferPointer) {
    self.peer = RingMemory(peer)
    self.own = RingMemory(UnsafeRawBufferPointer(own))
  }

  /// Whether the ring has nothing that was not taken; throws if the peer's words cannot be true.
  mutating func isEmpty() throws(WireError) -> Bool { try available() == 0 }

  /// Copies out what there is of a frame; whether it is whole, for ``take()``.
  mutating func next() throws(WireError) -> Bool {
    if length == 0 {
      guard try begin() else { return false }
    }
    while copied < length {
      let size = min(RingMemory.padded(length - copied), try available())
      guard size > 0 else { return false }
      let count = min(size, length - copied)
      bytes.withUnsafeMutableBytes {
        if let start = $0.baseAddress { peer.copy(count, at: taken, to: start + copied) }
      }
      copied += count
      advance(by: size)
    }
    return true
  }

  /// The frame that is whole: so many of these bytes, which come back by ``giveBack(_:)``.
  mutating func take() -> (bytes: [UInt8], count: Int) {
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    defer { (length, copied) = (0, 0) }
    return (taken, length)
  }

  /// Gives the memory of a frame back for the next ones.
  mutating func giveBack(_ memory: consuming [UInt8]) {
    if memory.count <= Self.keptRoom, memory.count > bytes.count, length == 0 { bytes = memory }
  }

  /// Reads the length of the next record.
  private mutating func begin() throws(WireError) -> Bool {
    guard try available() >= RingMemory.lengthSize else { return false }
    var length = peer.word(at: taken)
    if length == RingMemory.skip {
      let rest = peer.capacity - (Int(truncatingIfNeeded: taken) & (peer.capacity - 1))
      guard try available() >= rest + RingMemory.lengthSize else {
        throw WireError("its ring skips bytes that are not there")
      }
      advance(by: rest)
      length = peer.word(at: taken)
    }
    guard length >= FlowHeader.size, length <= WireLimits.frameSize else {
      throw WireError("its ring has a frame of \(length) bytes")
    }
    advance(by: RingMemory.lengthSize)
    self.length = Int(length)
    copied = 0
    if bytes.count < self.length {
      let room = max(self.length, Self.firstRoom)
      bytes = [UInt8](unsafeUninitializedCapacity: room) { $1 = room }
    }
    return true
  }

  /// The bytes that were written and not taken.
  private mutating func available() throws(WireError) -> Int {
    if written == taken {
      let now = peer.load(.written)
      guard now >= written, now - taken <= UInt64(peer.capacity), now % 8 == 0 else {
        throw WireError(
          "its ring cannot be: it has written \(now) bytes, of which \(taken) are taken")
      }
      written = now
    }
    return Int(written - taken)
  }

  private mutating func advance(by count: Int) {
    taken += UInt64(count)
    own.store(taken, .taken)
  }

  /// The room for frames at first, and the most that is kept.
  private static let firstRoom = 1 << 10
  private static let keptRoom = 64 << 10
}
