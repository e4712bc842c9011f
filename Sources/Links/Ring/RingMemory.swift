internal import Synchronization

/// The memory of a node's part in the rings of a link: what it writes, and what its peer only
/// reads.
///
/// ```
///   0  u64 written     the bytes that the node has put into its ring since the start
///   8  u64 wantsRoom   one more each time that the node wants to hear of room in its ring
///  64  u64 taken       the bytes that the node has taken out of its peer's ring since the start
///  72  u64 wantsBytes  one more each time that the node wants to hear of bytes in its peer's ring
/// 128  the ring
/// ```
///
/// The words that a node changes as a writer have another cache line than those that it changes as
/// a reader. Nobody writes the memory but its node, so a peer can at most claim what is not true.
package enum RingLayout {
  /// The bytes that a ring holds: four frames of usual size.
  ///
  /// Measured: 64 KiB to 1 MiB are equally fast.
  static let capacity = 128 << 10
  static let start = 128
  /// The size of a node's memory.
  package static let byteCount = start + capacity

  enum Word: Int {
    case written = 0
    case wantsRoom = 8
    case taken = 64
    case wantsBytes = 72
  }
}

/// A node's memory, as it and its peer see it.
struct RingMemory {
  private let start: UnsafeRawPointer
  /// The bytes that the ring holds, a power of two.
  let capacity: Int

  /// Memory that is 0 initially and aligned to 64 bytes.
  init(_ memory: UnsafeRawBufferPointer) {
    guard let start = memory.baseAddress else { preconditionFailure("a ring without memory") }
    capacity = memory.count - RingLayout.start
    precondition(capacity >= 64 && capacity & (capacity - 1) == 0, "a ring of \(capacity) bytes")
    self.start = start
  }

  func load(_ word: RingLayout.Word) -> UInt64 {
    atomic(at: word.rawValue).pointee.load(ordering: .acquiring)
  }

  /// Changes a word; in the node's own memory only.
  func store(_ value: UInt64, _ word: RingLayout.Word) {
    atomic(at: word.rawValue).pointee.store(value, ordering: .releasing)
  }

  /// The place of the byte with this number since the start.
  func offset(of position: UInt64) -> Int {
    RingLayout.start + Int(truncatingIfNeeded: position) & (capacity - 1)
  }

  /// The word at a position, read once.
  func word(at position: UInt64) -> UInt64 {
    atomic(at: offset(of: position)).pointee.load(ordering: .relaxed)
  }

  /// Copies bytes out of the ring.
  func copy(_ count: Int, at position: UInt64, to target: UnsafeMutableRawPointer) {
    let offset = offset(of: position)
    let first = min(count, RingLayout.start + capacity - offset)
    target.copyMemory(from: start + offset, byteCount: first)
    guard first < count else { return }
    (target + first).copyMemory(from: start + RingLayout.start, byteCount: count - first)
  }

  private func atomic(at offset: Int) -> UnsafePointer<Atomic<UInt64>> {
    (start + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// A peer whose own words a later load does not see yet sees all that comes before the fence.
  static func fence() { atomicMemoryFence(ordering: .sequentiallyConsistent) }

  /// The bytes that a record of so many bytes takes, without its length.
  static func padded(_ count: Int) -> Int { (count + 7) & ~7 }

  /// The bytes of a record's length, which is always in one piece.
  static let lengthSize = 8
  /// A length that means that the next record is at the beginning of the ring.
  static let skip = UInt64.max
}
