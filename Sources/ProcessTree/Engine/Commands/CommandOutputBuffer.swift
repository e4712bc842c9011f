internal import Glibc

/// Bytes of a command's output on their way to the form in which they are asked for.
///
/// Forms may change from one item to the next: bytes that nobody has asked for are still there.
struct CommandOutputBuffer {
  /// The form of one item.
  enum Unit: Sendable {
    /// Whatever is there.
    case chunk
    /// To the next line feed, which is not part of it.
    case line(limit: Int)
    /// Four bytes of length, little-endian, then as many bytes, which are the item.
    case frame(limit: Int)
  }

  private static let prefixSize = 4

  private var bytes: [UInt8] = []
  /// Where what has not been taken begins.
  private var start = 0
  /// Up to where no line feed was found.
  private var searched = 0

  /// The bytes that are waiting.
  var count: Int { bytes.count - start }

  /// Takes what `read` writes into space for so many bytes; it returns how many it wrote.
  mutating func fill(
    _ limit: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Int
  ) rethrows {
    guard count == 0 else {
      return try withUnsafeTemporaryAllocation(byteCount: limit, alignment: 16) { space in
        let count = try read(space)
        bytes.append(contentsOf: space[..<count])
      }
    }
    start = 0
    searched = 0
    // Bytes are read into the array that `takeChunk` hands out, so they are not copied.
    bytes = try [UInt8](unsafeUninitializedCapacity: limit) { space, count in
      count = try read(UnsafeMutableRawBufferPointer(space))
    }
    if bytes.isEmpty { bytes = [] }
  }

  /// The next item; nil when more has to be read for it or, at the end, when none is left.
  ///
  /// - Throws: `lineTooLong`, `frameTooLong`, and at the end `incompleteFrame`; the bytes stay.
  mutating func take(_ unit: Unit, atEnd: Bool) throws(CommandError) -> [UInt8]? {
    switch unit {
    case .chunk: takeChunk()
    case .line(let limit): try takeLine(limit: limit, atEnd: atEnd)
    case .frame(let limit): try takeFrame(limit: limit, atEnd: atEnd)
    }
  }

  private mutating func takeChunk() -> [UInt8]? {
    guard count > 0 else { return nil }
    // Few bytes do not keep the space for many.
    guard start == 0, bytes.count > bytes.capacity / 2 else { return remove(count, skipping: 0) }
    defer { bytes = [] }
    searched = 0
    return bytes
  }

  private mutating func takeLine(limit: Int, atEnd: Bool) throws(CommandError) -> [UInt8]? {
    let length = lineLength()
    guard (length ?? count) <= limit else {
      throw CommandError(
        .lineTooLong, "A line of the output is longer than the \(limit) bytes that are allowed.")
    }
    if let length { return remove(length, skipping: 1) }
    guard atEnd, count > 0 else { return nil }
    return remove(count, skipping: 0)
  }

  /// The length of the first line; nil when its end has not come.
  private mutating func lineLength() -> Int? {
    let from = max(start, searched)
    let offset = bytes.withUnsafeBytes { buffer -> Int? in
      guard let base = buffer.baseAddress, from < buffer.count,
        let found = memchr(base + from, 10, buffer.count - from)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
    searched = offset ?? bytes.count
    return offset.map { $0 - start }
  }

  private mutating func takeFrame(limit: Int, atEnd: Bool) throws(CommandError) -> [UInt8]? {
    guard count >= Self.prefixSize else {
      guard atEnd, count > 0 else { return nil }
      throw Self.incomplete(count, of: Self.prefixSize)
    }
    let length = (0..<Self.prefixSize).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
    guard length <= limit else {
      throw CommandError(
        .frameTooLong,
        "A frame of the output has \(length) bytes, more than the \(limit) that are allowed.")
    }
    guard count >= Self.prefixSize + length else {
      guard atEnd else { return nil }
      throw Self.incomplete(count - Self.prefixSize, of: length)
    }
    start += Self.prefixSize
    return remove(length, skipping: 0)
  }

  private static func incomplete(_ count: Int, of length: Int) -> CommandError {
    CommandError(
      .incompleteFrame, "The output ended after \(count) of \(length) bytes of a frame.")
  }

  /// Takes bytes from the front, and drops some that follow.
  private mutating func remove(_ length: Int, skipping: Int) -> [UInt8] {
    let item = Array(bytes[start..<start + length])
    start += length + skipping
    if start == bytes.count {
      bytes = []
      start = 0
      searched = 0
    } else if start > bytes.count / 2, start > 4_096 {
      bytes.removeSubrange(..<start)
      searched = max(0, searched - start)
      start = 0
    }
    return item
  }
}
