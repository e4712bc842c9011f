import Glibc

/// A part of a regular file, which a node reads by itself: the text does not have to travel.
struct FileRange: Hashable, Sendable, Codable {
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
    guard bytes.lowerBound > 0 else { return }
    let first = text.firstIndex { WordTable.letter($0) == nil } ?? text.count
    for place in 0..<first { text[place] = UInt8(ascii: " ") }
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
