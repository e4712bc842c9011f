extension UnsafeRawBufferPointer {
  /// Whether the bytes are the same, eight at a time.
  @inlinable @inline(__always)
  func equals(_ other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    var place = 0
    while place &+ 8 <= count {
      let mine = loadUnaligned(fromByteOffset: place, as: UInt64.self)
      guard mine == other.loadUnaligned(fromByteOffset: place, as: UInt64.self) else {
        return false
      }
      place &+= 8
    }
    while place < count {
      guard self[place] == other[place] else { return false }
      place &+= 1
    }
    return true
  }
}
