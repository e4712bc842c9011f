/// Counts lines, words and bytes as GNU `wc` 9.1 does in the C locale.
///
/// A line is a newline byte. White space ends a word, a printable byte begins or continues one, and
/// any other byte does neither: three control characters in a row are no word, but one between two
/// letters does not part them.
struct ByteCounter {
  private(set) var lines = 0
  private(set) var words = 0
  private(set) var bytes = 0
  private var isInWord = 0

  /// Takes the next bytes; words may reach across calls.
  mutating func count(_ buffer: UnsafeRawBufferPointer) {
    bytes += buffer.count
    Self.classes.withUnsafeBufferPointer { classes in
      // Without a branch: text changes between words and spaces too often to be predicted.
      var (lines, words, isInWord) = (0, 0, isInWord)
      for byte in buffer {
        let kind = Int(classes[Int(byte)])
        lines &+= kind >> 2
        let begins = kind & 1
        words &+= begins & ~isInWord
        isInWord = (isInWord & (kind >> 1 ^ 1)) & 1 | begins
      }
      self.lines += lines
      self.words += words
      self.isInWord = isInWord
    }
  }

  // Bit 0: the byte is part of a word. Bit 1: it ends one. Bit 2: it ends a line.
  private static let classes: [UInt8] = (0...255).map { byte in
    switch UInt8(byte) {
    case UInt8(ascii: "\n"): 0b110
    case 0x09, 0x0B, 0x0C, 0x0D, 0x20: 0b010
    case 0x21...0x7E: 0b001
    default: 0b000
    }
  }
}
