import Glibc

/// Counts words: a hash table whose keys are bytes, all in one array.
///
/// A word is a maximal run of ASCII letters; it is kept in small letters.
struct WordTable: Sendable {
  struct Entry {
    let hash: UInt64
    let offset: Int
    let length: Int
    var count: Int
  }

  private(set) var entries: [Entry] = []
  /// The letters of all words, and behind them room for the next ones.
  private(set) var letters: [UInt8] = []
  private var used = 0
  /// One more than the place of an entry, or 0.
  private var slots = [UInt32](repeating: 0, count: 1_024)

  /// The small letter that a byte stands for; nil when it is no letter.
  static func letter(_ byte: UInt8) -> UInt8? {
    let small = byte | 0x20
    return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(small) ? small : nil
  }

  // The letter of each byte, or 0.
  private static let lettersOfBytes = (0...255).map { letter(UInt8($0)) ?? 0 }

  /// Forgets everything but the memory that it has.
  mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    for slot in slots.indices { slots[slot] = 0 }
    used = 0
  }

  /// Counts the words of a text.
  mutating func countWords(of text: [UInt8]) {
    var letters = takeLetters(withRoomFor: text.count)
    defer { self.letters = letters }
    letters.withUnsafeMutableBufferPointer { letters in
      Self.lettersOfBytes.withUnsafeBufferPointer { lettersOfBytes in
        text.withUnsafeBufferPointer { text in
          var index = 0
          while index < text.count {
            var letter = lettersOfBytes[Int(text[index])]
            index += 1
            guard letter != 0 else { continue }
            var end = used
            var hash = Self.hashStart
            while true {
              letters[end] = letter
              end += 1
              hash = Self.hash(hash, letter)
              guard index < text.count else { break }
              letter = lettersOfBytes[Int(text[index])]
              index += 1
              guard letter != 0 else { break }
            }
            record(length: end - used, hash, count: 1, UnsafeBufferPointer(letters))
          }
        }
      }
    }
  }

  /// Adds words that have been counted.
  mutating func add(_ counts: WordCounts) {
    var letters = takeLetters(withRoomFor: counts.letters.count)
    defer { self.letters = letters }
    letters.withUnsafeMutableBufferPointer { letters in
      counts.letters.withUnsafeBufferPointer { source in
        var start = 0
        for (length, count) in zip(counts.lengths, counts.counts) {
          let word = UnsafeBufferPointer(rebasing: source[start..<start + length])
          _ = letters[used...].update(fromContentsOf: word)
          let hash = word.reduce(Self.hashStart, Self.hash)
          start += length
          record(length: length, hash, count: count, UnsafeBufferPointer(letters))
        }
      }
    }
  }

  private mutating func takeLetters(withRoomFor count: Int) -> [UInt8] {
    var letters: [UInt8] = []
    swap(&letters, &self.letters)
    let missing = used + count - letters.count
    if missing > 0 {
      letters.append(contentsOf: repeatElement(0, count: max(missing, letters.count)))
    }
    return letters
  }

  // FNV-1a.
  private static let hashStart: UInt64 = 0xCBF2_9CE4_8422_2325

  @inline(__always)
  private static func hash(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
  }

  /// Counts the word that stands behind the last one.
  @inline(__always)
  private mutating func record(
    length: Int, _ hash: UInt64, count: Int, _ letters: UnsafeBufferPointer<UInt8>
  ) {
    guard let base = letters.baseAddress else { return }
    let hash = hash ^ hash >> 32
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let place = Int(slots[slot]) - 1
      let entry = entries[place]
      if entry.hash == hash, entry.length == length,
        memcmp(base + entry.offset, base + used, length) == 0
      {
        entries[place].count += count
        return
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    entries.append(Entry(hash: hash, offset: used, length: length, count: count))
    slots[slot] = UInt32(entries.count)
    used += length
    if entries.count * 2 > slots.count { grow() }
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
