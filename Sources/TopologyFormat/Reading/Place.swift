/// Where something stands: a file, and a line and a column from 1 on.
package struct Place: Hashable, Comparable, Sendable, Codable {
  /// The number of the file among those that were read.
  package var file: Int
  package var line: Int
  package var column: Int

  package init(file: Int = 0, line: Int = 1, column: Int = 1) {
    self.file = file
    self.line = line
    self.column = column
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.file, left.line, left.column) < (right.file, right.line, right.column)
  }
}

/// A file that was read.
package struct SourceFile: Sendable {
  /// Its path; `-` for standard input.
  package let path: String
  /// What it is called in messages.
  package var name: String { path == "-" ? "standard input" : path }
  /// The directory from which paths in it count.
  package let directory: String
  package let text: String
  /// Which file it was when it was read; nil for standard input.
  package let identity: FileIdentity?
  /// Where the lines stand in the text, in bytes.
  private let lines: [Range<Int>]

  package init(path: String, directory: String, text: String, identity: FileIdentity? = nil) {
    var text = text
    lines = text.withUTF8(Self.lines)
    self.path = path
    self.directory = directory
    self.text = text
    self.identity = identity
  }

  private static func lines(of bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var lines: [Range<Int>] = []
    var (start, index) = (0, 0)
    while index < bytes.count {
      let length = LineBreak.length(at: index, in: bytes)
      if length > 0 {
        lines.append(start..<index)
        start = index + length
      }
      index += max(1, length)
    }
    lines.append(start..<bytes.count)
    return lines
  }

  /// A line by its number, from 1 on.
  package func line(_ number: Int) -> Substring {
    guard lines.indices.contains(number - 1) else { return "" }
    let (line, bytes) = (lines[number - 1], text.utf8)
    let start = bytes.index(bytes.startIndex, offsetBy: line.lowerBound)
    return text[start..<bytes.index(start, offsetBy: line.count)]
  }

  /// Whether it has, or may have, texts that are not shown.
  var mentionsSecrets: Bool { text.contains("secret") }

  package var lineCount: Int { lines.count }

  /// The characters of a line as the YAML reader counts them.
  func scalars(ofLine number: Int) -> [Unicode.Scalar] { Array(line(number).unicodeScalars) }
}

/// What ends a line for the YAML reader: LF, CR, NEL, LS and PS; CR and LF together do at the LF.
enum LineBreak {
  /// How many bytes a break has that begins here; 0 if none does.
  static func length(at index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    func isNext(_ offset: Int, _ byte: UInt8) -> Bool {
      index + offset < bytes.count && bytes[index + offset] == byte
    }
    return switch bytes[index] {
    case 0x0A: 1
    case 0x0D: isNext(1, 0x0A) ? 0 : 1
    case 0xC2: isNext(1, 0x85) ? 2 : 0
    case 0xE2: isNext(1, 0x80) && (isNext(2, 0xA8) || isNext(2, 0xA9)) ? 3 : 0
    default: 0
    }
  }
}
