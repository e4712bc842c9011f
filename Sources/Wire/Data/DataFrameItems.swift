/// The items of a data frame; each length is checked against the frame.
package struct DataFrameItems {
  private let frame: UnsafeRawBufferPointer
  private var offset = DataFrameHeader.size
  private var left: UInt32

  package init(_ frame: UnsafeRawBufferPointer, header: DataFrameHeader) {
    self.frame = frame
    left = header.count
  }

  /// The bytes of the next item or piece of one; nil after the last.
  ///
  /// The bytes are part of the frame and valid as long as it is.
  package mutating func next() throws(WireError) -> UnsafeRawBufferPointer? {
    guard left > 0 else {
      guard offset == frame.count else { throw WireError("bytes after the last item of a frame") }
      return nil
    }
    guard frame.count - offset >= 4 else { throw WireError("a data frame ends within a length") }
    let length = Int(
      UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    offset += 4
    guard frame.count - offset >= length else {
      throw WireError("an item of \(length) bytes does not fit its frame")
    }
    defer {
      offset += length
      left -= 1
    }
    return UnsafeRawBufferPointer(rebasing: frame[offset..<offset + length])
  }
}
