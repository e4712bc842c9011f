/// Counts words: a hash table whose keys are bytes, all in one array.
///
/// A word is a maximal run of ASCII letters, stored in lower case. The table reads and compares
/// words eight letters at a time: most of them are one block.
struct WordTable: Sendable {
  struct Entry {
    let hash: UInt64
    /// The first eight letters.
    let first: UInt64
    let offset: Int
    let length: Int
    var count: Int
  }

  private(set) var entries: [Entry] = []
  /// The letters of all words, and behind them room for more.
  private(set) var letters: [UInt8] = []
  private var used = 0
  /// One more than the place of an entry, or 0.
  private var slots = [UInt32](repeating: 0, count: 1_024)

  /// The small letter that a byte stands for; nil when it is no letter.
  static func letter(_ byte: UInt8) -> UInt8? {
    let small = byte | 0x20
    return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(small) ? small : nil
  }

  /// Forgets everything but the memory that it has.
  mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    for slot in slots.indices { slots[slot] = 0 }
    used = 0
  }

  /// Counts the words of a text.
  mutating func countWords(of text: [UInt8]) {
    text.withUnsafeBytes { text in
      var index = 0
      while index < text.count {
        let block = LetterBlock(text, at: index)
        guard block.length > 0 else {
          index += block.gap
          continue
        }
        let length = block.length < 8 ? block.length : Self.lengthOfWord(text, at: index)
        record(text, index..<index + length, block.word, count: 1)
        // A word ends before a byte that is no letter.
        index += length + 1
      }
    }
  }

  private static func lengthOfWord(_ text: UnsafeRawBufferPointer, at start: Int) -> Int {
    var end = start + 8
    while end < text.count {
      let block = LetterBlock(text, at: end)
      end += block.length
      if block.length < 8 { break }
    }
    return end - start
  }

  /// Adds words that have been counted.
  mutating func add(_ counts: WordCounts) {
    counts.letters.withUnsafeBytes { letters in
      var start = 0
      for (length, count) in zip(counts.lengths, counts.counts) {
        guard length > 0, length <= letters.count - start else { return }
        let block = LetterBlock(letters, at: start)
        record(letters, start..<start + length, block.firstLetters(of: length), count: count)
        start += length
      }
    }
  }

  @inline(__always)
  private static func hash(_ hash: UInt64, _ letters: UInt64) -> UInt64 {
    let product = (hash ^ letters) &* 0x9E37_79B9_7F4A_7C15
    return product ^ product >> 32
  }

  /// Counts a word of a text, given with its first letters as small ones.
  @inline(__always)
  private mutating func record(
    _ text: UnsafeRawBufferPointer, _ word: Range<Int>, _ first: UInt64, count: Int
  ) {
    var hash = Self.hash(UInt64(truncatingIfNeeded: word.count), first)
    var place = word.lowerBound + 8
    while place < word.upperBound {
      hash = Self.hash(hash, LetterBlock(text, at: place).firstLetters(of: word.upperBound - place))
      place += 8
    }
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let place = Int(slots[slot]) - 1
      if entries[place].hash == hash, entries[place].first == first,
        entries[place].length == word.count, word.count <= 8 || isRest(of: place, text, word)
      {
        entries[place].count += count
        return
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    append(
      UnsafeRawBufferPointer(rebasing: text[word]),
      Entry(hash: hash, first: first, offset: used, length: word.count, count: count))
    slots[slot] = UInt32(entries.count)
    if entries.count * 2 > slots.count { grow() }
  }

  /// Whether the letters of an entry behind the first eight are those of a word of as many.
  private func isRest(
    of place: Int, _ text: UnsafeRawBufferPointer, _ word: Range<Int>
  ) -> Bool {
    let start = entries[place].offset
    return letters.withUnsafeBytes { letters in
      var place = 8
      while place < word.count {
        let rest = word.count - place
        let known = LetterBlock(letters, at: start + place).firstLetters(of: rest)
        let found = LetterBlock(text, at: word.lowerBound + place).firstLetters(of: rest)
        guard known == found else { return false }
        place += 8
      }
      return true
    }
  }

  private mutating func append(_ word: UnsafeRawBufferPointer, _ entry: Entry) {
    let missing = used + word.count - letters.count
    if missing > 0 {
      letters.append(contentsOf: repeatElement(0, count: max(missing, letters.count)))
    }
    letters.withUnsafeMutableBufferPointer { letters in
      for place in 0..<word.count { letters[used + place] = word[place] | 0x20 }
    }
    used += word.count
    entries.append(entry)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 4)
    for (place, entry) in entries.enumerated() {
      var slot = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(place + 1)
    }
  }
}

/// Eight bytes of a text, as letters.
private struct LetterBlock {
  /// The bytes, with letters as small ones.
  private let bytes: UInt64
  /// The highest bit of each byte that is a letter.
  private let marks: UInt64

  /// The bytes at a place; zeros, which are no letters, behind the end of the text.
  @inline(__always)
  init(_ text: UnsafeRawBufferPointer, at place: Int) {
    var read: UInt64 = 0
    if place + 8 <= text.count {
      read = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    } else {
      for end in place..<text.count { read |= UInt64(text[end]) << (8 * UInt64(end - place)) }
    }
    bytes = read | 0x2020_2020_2020_2020
    // The sums stay in their bytes, whose highest bit they set from "a" on, and from behind "z" on.
    let low = bytes & 0x7f7f_7f7f_7f7f_7f7f
    let fromA = low + 0x1f1f_1f1f_1f1f_1f1f
    let behindZ = low + 0x0505_0505_0505_0505
    marks = fromA & ~behindZ & ~read & 0x8080_8080_8080_8080
  }

  /// The number of letters before the first byte that is none.
  @inline(__always)
  var length: Int { (~marks & 0x8080_8080_8080_8080).trailingZeroBitCount >> 3 }

  /// The number of bytes before the first letter, for a block that does not begin with one.
  @inline(__always)
  var gap: Int { marks.trailingZeroBitCount >> 3 }

  /// The letters of a word that begins here.
  @inline(__always)
  var word: UInt64 { firstLetters(of: length) }

  /// The first bytes, at most eight.
  @inline(__always)
  func firstLetters(of count: Int) -> UInt64 {
    count >= 8 ? bytes : bytes & ((1 as UInt64) << (8 * UInt64(count)) - 1)
  }
}
