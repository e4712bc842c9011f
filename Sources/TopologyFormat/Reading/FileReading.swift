internal import Glibc

/// Why a file cannot be read.
struct ReadingFailure: Error {
  var code: Diagnostic.Code
  var place = Place()
  var length = 1
  var message: String
}

/// Reads files as text, within bounds, whatever they are.
enum FileReading {
  /// How large a file may be.
  static let mostBytes = 1 << 20
  /// How many bytes are read at once: at least a page, because a file may report too small a size.
  private static let atOnce = (least: 1 << 12, most: 1 << 16)

  /// The text of a file.
  static func text(of path: String) throws(ReadingFailure) -> String {
    try text(from: try contents(of: path).bytes)
  }

  /// Reads a file, or standard input for `-`.
  static func contents(of path: String) throws(ReadingFailure) -> FileContents {
    path == "-"
      ? FileContents(bytes: try bytes(of: STDIN_FILENO)) : try contents(ofFile: path)
  }

  /// The bytes as text, without what YAML does not allow.
  static func text(from bytes: [UInt8]) throws(ReadingFailure) -> String {
    // The mark of some editors is none of the file's text.
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ReadingFailure(
        code: .invalidYAML, place: place(ofInvalid: bytes), message: "this is no UTF-8.")
    }
    guard !bytes.allSatisfy(isUsual) else { return text }
    var (line, column) = (1, 1)
    for scalar in text.unicodeScalars {
      if scalar == "\n" {
        (line, column) = (line + 1, 1)
        continue
      }
      if !isAllowed(scalar) {
        throw ReadingFailure(
          code: .invalidYAML, place: Place(line: line, column: column),
          message: "a file holds no control characters; here is U+"
            + hexadecimal(scalar.value) + ".")
      }
      column += 1
    }
    return text
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// Whether a byte is a character of ASCII that YAML allows; most files hold no others.
  private static func isUsual(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x09, 0x0A, 0x0D, 0x20...0x7E: true
    default: false
    }
  }

  /// The characters that YAML 1.1 allows.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
      0x10000...0x10FFFF:
      true
    default: false
    }
  }

  private static func place(ofInvalid bytes: [UInt8]) -> Place {
    var (line, column) = (1, 1)
    var (decoder, source) = (UTF8(), bytes.makeIterator())
    while case .scalarValue(let scalar) = decoder.decode(&source) {
      (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
    }
    return Place(line: line, column: column)
  }

  private static func contents(ofFile path: String) throws(ReadingFailure) -> FileContents {
    // The reader does not wait for a pipe or a terminal.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      guard errno == ENOENT, path.unicodeScalars.contains("\u{FFFD}") else { throw failure() }
      throw ReadingFailure(code: .unreadable, message: "its name is no UTF-8; rename the file.")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure() }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind =
        switch status.st_mode & S_IFMT {
        case S_IFDIR: "a directory"
        case S_IFIFO: "a named pipe"
        case S_IFCHR, S_IFBLK: "a device"
        default: "no file"
        }
      throw ReadingFailure(code: .unreadable, message: "this is \(kind); a topology is a file.")
    }
    let bytes = try bytes(of: descriptor, about: Int(status.st_size))
    return FileContents(bytes: bytes, identity: FileIdentity(status))
  }

  /// - Parameter size: How many bytes there will be, if that is known.
  private static func bytes(
    of descriptor: Int32, about size: Int = atOnce.most
  ) throws(ReadingFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    // A byte more, of which there is none.
    var buffer = [UInt8](repeating: 0, count: min(max(size + 1, atOnce.least), atOnce.most))
    while bytes.count <= mostBytes {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 {
        bytes += buffer[..<count]
      } else if count == 0 {
        return bytes
      } else if errno != EINTR {
        throw failure()
      }
    }
    throw ReadingFailure(
      code: .tooLarge, message: "a file has at most \(mostBytes) bytes; this one has more.")
  }

  private static func failure() -> ReadingFailure {
    ReadingFailure(code: .unreadable, message: "\(String(cString: strerror(errno))).")
  }
}
