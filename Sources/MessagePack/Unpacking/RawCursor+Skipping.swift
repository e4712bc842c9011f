extension RawCursor {
  /// Moves past one whole value.
  ///
  /// Values in values are counted, not recursed into, so that depth costs no stack.
  @usableFromInline
  mutating func skip(limits: MessagePackLimits) throws(MessagePackError) {
    var children = try skipHead()
    guard children > 0 else { return }
    // How many values are still to come at each level around the present one.
    var outer: [Int] = []
    guard limits.depth > 0 else { throw .tooDeep(at: offset, limit: limits.depth) }
    while true {
      while children == 0 {
        guard let next = outer.popLast() else { return }
        children = next
      }
      children &-= 1
      let inner = try skipHead()
      guard inner > 0 else { continue }
      outer.append(children)
      guard outer.count < limits.depth else {
        throw .tooDeep(at: offset, limit: limits.depth)
      }
      children = inner
    }
  }

  /// Moves past a value without its elements, and returns how many these are.
  @inline(__always)
  private mutating func skipHead() throws(MessagePackError) -> Int {
    let byte = try peekByte()
    offset &+= 1
    switch byte {
    case 0x00...0x7f, 0xe0...0xff: return 0
    case 0xa0...0xbf: try advance(Int(byte & 0x1f))
    case 0x80...0x8f: return try claim(Int(byte & 0x0f), bytesEach: 2, Int.max) * 2
    case 0x90...0x9f: return try claim(Int(byte & 0x0f), bytesEach: 1, Int.max)
    default: return try skipLongHead(byte)
    }
    return 0
  }

  private mutating func skipLongHead(_ byte: UInt8) throws(MessagePackError) -> Int {
    switch byte {
    case FormatByte.null, FormatByte.no, FormatByte.yes: break
    case FormatByte.uint8, FormatByte.int8: try advance(1)
    case FormatByte.uint16, FormatByte.int16: try advance(2)
    case FormatByte.uint32, FormatByte.int32, FormatByte.float32: try advance(4)
    case FormatByte.uint64, FormatByte.int64, FormatByte.float64: try advance(8)
    case FormatByte.str8, FormatByte.bin8: try advance(Int(load(UInt8.self)))
    case FormatByte.str16, FormatByte.bin16: try advance(Int(load(UInt16.self)))
    case FormatByte.str32, FormatByte.bin32: try advance(Int(load(UInt32.self)))
    case FormatByte.ext8: try advance(1 + Int(load(UInt8.self)))
    case FormatByte.ext16: try advance(1 + Int(load(UInt16.self)))
    case FormatByte.ext32: try advance(1 + Int(load(UInt32.self)))
    case FormatByte.fixext1...FormatByte.fixext16:
      try advance(1 + 1 << Int(byte - FormatByte.fixext1))
    case FormatByte.array16: return try claim(Int(load(UInt16.self)), bytesEach: 1, Int.max)
    case FormatByte.array32: return try claim(Int(load(UInt32.self)), bytesEach: 1, Int.max)
    case FormatByte.map16: return try claim(Int(load(UInt16.self)), bytesEach: 2, Int.max) * 2
    case FormatByte.map32: return try claim(Int(load(UInt32.self)), bytesEach: 2, Int.max) * 2
    default:
      offset &-= 1
      throw mismatch("value")
    }
    return 0
  }

  @inline(__always)
  private mutating func advance(_ count: Int) throws(MessagePackError) {
    try require(count)
    offset &+= count
  }
}
