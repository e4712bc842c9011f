import Synchronization

/// Sixty-four bytes in which one process says what it is working on and others read it, at any time
/// and however the writer ended.
///
/// Two copies of an entry, four words each. The writer overwrites the older copy and leaves the
/// newer one alone: whatever it was doing when it was killed, one copy is whole. A copy's last word
/// is its mark; a reader takes a copy if the mark is the same before and after (a sequence lock for
/// each copy).
struct WorkCell: @unchecked Sendable {
  // Sendable: all access is atomic.

  static let byteCount = 64
  private static let wordsPerCopy = 4
  private static let markWord = 3

  // Constant because reading is all that a reader's mapping allows.
  private let words: UnsafePointer<Atomic<UInt64>>

  /// A cell in 64 bytes that are aligned to 8 and zero at first.
  init(at start: UnsafeRawPointer) {
    words = start.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Says that work on an item begins; by one thread at a time.
  func begin(_ entry: WorkEntry) {
    let (newer, mark) = newest()
    let older = 1 - newer
    store(0, Self.markWord, of: older)
    // A reader that sees any of the stores below sees the one above too.
    atomicMemoryFence(ordering: .releasing)
    store(entry.channel, 0, of: older)
    store(entry.sequence, 1, of: older)
    store(entry.startNanoseconds, 2, of: older)
    setMark(mark.next(attempt: entry.attempt), of: older)
  }

  /// Says that the work is done: one store; by the thread that has begun it.
  func end() {
    let (copy, mark) = newest()
    setMark(mark.ended, of: copy)
  }

  /// The item whose work began last, as far as that was said completely; nil if that has ended.
  ///
  /// Takes bounded time: nil also if the writer outran all attempts, or never wrote.
  func read() -> WorkEntry? {
    for _ in 0..<1000 {
      let (copy, mark) = newest()
      // Neither is whole: never written, or both were overwritten while they were looked at.
      guard mark.isWhole else { continue }
      guard mark.isBusy else { return nil }
      let entry = WorkEntry(
        channel: load(0, of: copy), sequence: load(1, of: copy), attempt: mark.attempt,
        startNanoseconds: load(2, of: copy))
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
