import Synchronization

/// A cell of 64 bytes in which one process notes the item that it works on, for others to read at
/// any time, however the writer ends.
///
/// It has two copies of an entry, four words each. The writer overwrites the older copy only, so
/// one copy is whole whenever the writer is killed. A copy's last word is its mark; a reader
/// accepts a copy if the mark is the same before and after (a sequence lock for each copy).
struct WorkCell: @unchecked Sendable {
  // Sendable: all access is atomic.

  static let byteCount = 64
  private static let wordsPerCopy = 4
  private static let elementWord = 2
  private static let markWord = 3

  // Constant, because a reader's mapping allows only reading.
  private let words: UnsafePointer<Atomic<UInt64>>

  /// Makes a cell in 64 bytes that are aligned to 8 and initially zero.
  init(at start: UnsafeRawPointer) {
    words = start.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Notes that work on an item begins; by one thread at a time.
  ///
  /// - Returns: Where elements of the item are noted, with its tag, and that tag.
  func begin(
    channel: UInt64, sequence: UInt64, attempt: UInt32
  ) -> (word: UnsafePointer<Atomic<UInt64>>, tag: UInt64) {
    let (newer, mark) = newest()
    let older = 1 - newer
    let next = mark.next(attempt: attempt)
    store(0, Self.markWord, of: older)
    // A reader that sees any of the stores below also sees the one above.
    atomicMemoryFence(ordering: .releasing)
    store(channel, 0, of: older)
    store(sequence, 1, of: older)
    store(0, Self.elementWord, of: older)
    setMark(next, of: older)
    return (words + (older * Self.wordsPerCopy + Self.elementWord), next.tag)
  }

  /// Notes that the work is done: one store; by the thread that has begun it.
  func end() {
    let (copy, mark) = newest()
    setMark(mark.ended, of: copy)
  }

  /// The item whose work began last, as far as it was noted completely; `nil` if that work has
  /// ended.
  ///
  /// It takes bounded time: it also returns `nil` if the writer outran all attempts, or never
  /// wrote.
  func read() -> WorkEntry? {
    for _ in 0..<1000 {
      let (copy, mark) = newest()
      // Neither copy is whole: they were never written, or were both overwritten meanwhile.
      guard mark.isWhole else { continue }
      guard mark.isBusy else { return nil }
      let entry = WorkEntry(
        channel: load(0, of: copy), sequence: load(1, of: copy), attempt: mark.attempt,
        elementOffset: mark.elementOffset(in: load(Self.elementWord, of: copy)))
      atomicMemoryFence(ordering: .acquiring)
      if load(Self.markWord, of: copy) == mark.word { return entry }
    }
    return nil
  }

  /// The copy of the later entry, and its mark.
  private func newest() -> (copy: Int, mark: WorkMark) {
    let first = WorkMark(word: words[Self.markWord].load(ordering: .acquiring))
    let second = WorkMark(
      word: words[Self.wordsPerCopy + Self.markWord].load(ordering: .acquiring))
    return second.isNewer(than: first) ? (1, second) : (0, first)
  }

  private func setMark(_ mark: WorkMark, of copy: Int) {
    words[copy * Self.wordsPerCopy + Self.markWord].store(mark.word, ordering: .releasing)
  }

  private func store(_ value: UInt64, _ word: Int, of copy: Int) {
    words[copy * Self.wordsPerCopy + word].store(value, ordering: .relaxed)
  }

  private func load(_ word: Int, of copy: Int) -> UInt64 {
    words[copy * Self.wordsPerCopy + word].load(ordering: .relaxed)
  }
}

/// The item that a process is working on.
package struct WorkEntry: Hashable, Sendable {
  /// The channel that it came from.
  package var channel: UInt64
  /// Its number on the channel.
  package var sequence: UInt64
  /// The number of times that work on it has begun, this time included.
  package var attempt: UInt32
  /// The element of the item that the process noted last; nil if it noted none.
  package var elementOffset: UInt32?

  /// An item.
  package init(channel: UInt64, sequence: UInt64, attempt: UInt32, elementOffset: UInt32? = nil) {
    self.channel = channel
    self.sequence = sequence
    self.attempt = attempt
    self.elementOffset = elementOffset
  }
}
