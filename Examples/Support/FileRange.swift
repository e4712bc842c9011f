import Glibc

/// A part of a regular file, which a node reads by itself: the text does not have to travel.
struct FileRange: Equatable, Sendable {
  var path: [UInt8]
  /// The file that was found at the path.
  var device: UInt64
  var inode: UInt64
  var bytes: Range<Int>

  /// Reads the words that begin in this part of the file, with all of their letters.
  ///
  /// - Throws: ``SystemFailure``, also if there is another file at the path by now.
  func read(into text: inout [UInt8]) throws(SystemFailure) {
    let descriptor = open(cString(path), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFailure() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemFailure() }
    guard UInt64(status.st_dev) == device, UInt64(status.st_ino) == inode else {
      throw SystemFailure(ESTALE)
    }
    text.removeAll(keepingCapacity: true)
    // A word that goes on from the byte before belongs to the part that it begins in.
    let start = max(0, bytes.lowerBound - 1)
    try Self.append(bytes.upperBound - start, at: start, of: descriptor, to: &text)
    var end = start + text.count
    if bytes.lowerBound > 0 {
      guard let gap = text.firstIndex(where: { WordTable.letter($0) == nil }) else {
        // Only the part that a word begins in looks for its end, or that would be read once a part.
        return text.removeAll(keepingCapacity: true)
      }
      for place in 0..<gap { text[place] = UInt8(ascii: " ") }
    }
    while let last = text.last, WordTable.letter(last) != nil {
      let known = text.count
      try Self.append(Self.furtherBytes, at: end, of: descriptor, to: &text)
      guard text.count > known else { break }
      end += text.count - known
      if let gap = text[known...].firstIndex(where: { WordTable.letter($0) == nil }) {
        text.removeLast(text.count - gap)
        break
      }
    }
  }

  private static let furtherBytes = 4_096

  /// Adds up to `count` bytes of a file; fewer at its end.
  private static func append(
    _ count: Int, at place: Int, of descriptor: Int32, to text: inout [UInt8]
  ) throws(SystemFailure) {
    var (place, end) = (place, place + count)
    let known = text.count
    text += repeatElement(0, count: count)
    var done = known
    while place < end {
      let length = text.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, end - place, off_t(place))
      }
      if length < 0 {
        if errno == EINTR { continue }
        throw SystemFailure()
      }
      if length == 0 { end = place }
      place += length
      done += length
    }
    text.removeLast(text.count - done)
  }
}

/// A range in the place of text: bytes, because a pipeline limits how many of those are on their
/// way, and can only count them where a value has nothing else.
extension FileRange {
  /// The last byte: a letter, with which no text ends that is cut between words.
  private static let mark = UInt8(ascii: "r")
  private static let numberBytes = 4 * MemoryLayout<UInt64>.size

  /// The range as bytes, for a process of the same machine.
  var message: [UInt8] {
    var message: [UInt8] = []
    for number in [device, inode, UInt64(bytes.lowerBound), UInt64(bytes.upperBound)] {
      withUnsafeBytes(of: number) { message += $0 }
    }
    return message + path + [Self.mark]
  }

  /// The range that such bytes are; nil if they are text.
  init?(_ message: [UInt8]) {
    guard message.last == Self.mark, message.count > Self.numberBytes else { return nil }
    let numbers = message.withUnsafeBytes { bytes in
      (0..<4).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
    path = Array(message[Self.numberBytes...].dropLast())
    device = numbers[0]
    inode = numbers[1]
    bytes = Int(numbers[2])..<Int(numbers[3])
  }
}
