package import Synchronization

/// The place in shared memory where a process notes the element of one item on which it works, for
/// the time after a sudden death.
///
/// A note is a load and a store, by any thread. It carries the item's tag, so that a note that
/// comes too late names no element of another item.
package struct ElementNotes: @unchecked Sendable {
  // Sendable: the word is atomic.
  package let word: UnsafePointer<Atomic<UInt64>>
  /// The note of the first element; that of another one is greater by its offset.
  package let tag: UInt64
  /// Keeps the memory.
  package let owner: any AnyObject & Sendable

  package init(_ word: UnsafePointer<Atomic<UInt64>>, tag: UInt64, owner: any AnyObject & Sendable)
  {
    self.word = word
    self.tag = tag
    self.owner = owner
  }

  /// Notes an element.
  package func note(_ offset: UInt32) { write(tag | UInt64(offset)) }

  /// Notes that the process works on no single element.
  package func clear() { write(0) }

  /// A late note of an earlier item must not hide that of a later one.
  private func write(_ note: UInt64) {
    let noted = word.pointee.load(ordering: .relaxed)
    // Tags count in 31 bits, and begin again.
    let isLate = noted != 0 && (tag >> 32 &- noted >> 32) & 0x7FFF_FFFF > 0x4000_0000
    if !isLate { word.pointee.store(note, ordering: .relaxed) }
  }
}
