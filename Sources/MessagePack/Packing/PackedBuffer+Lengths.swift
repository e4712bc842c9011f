extension PackedBuffer {
  @usableFromInline
  mutating func pack(_ value: String) {
    let room = reserve(ShortString.longestWritten)
    let short = withUnsafeBytes(of: value) { bytes in
      ShortString.write(at: bytes.baseAddress.unsafelyUnwrapped, to: room)
    }
    if let short {
      count &+= short
      return
    }
    let packed: Void? = value.utf8.withContiguousStorageIfAvailable { pack(utf8: $0) }
    guard packed == nil else { return }
    var value = value
    value.withUTF8 { pack(utf8: $0) }
  }

  private mutating func pack(utf8: UnsafeBufferPointer<UInt8>) {
    packStringHeader(utf8.count)
    append(UnsafeRawBufferPointer(utf8))
  }

  @usableFromInline
  mutating func packStringHeader(_ length: Int) {
    switch length {
    case ..<32: append(FormatByte.fixstr | UInt8(length))
    case ..<0x100: count += reserve(2).store(FormatByte.str8, UInt8(length))
    case ..<0x1_0000: count += reserve(3).store(FormatByte.str16, UInt16(length))
    default: count += reserve(5).store(FormatByte.str32, Self.length32(length))
    }
  }

  @usableFromInline
  mutating func packBinary(_ bytes: UnsafeRawBufferPointer) {
    let length = bytes.count
    // Room for header and bytes at once, so that a large value does not grow the buffer twice.
    _ = reserve(length + 5)
    switch length {
    case ..<0x100: count += reserve(2).store(FormatByte.bin8, UInt8(length))
    case ..<0x1_0000: count += reserve(3).store(FormatByte.bin16, UInt16(length))
    default: count += reserve(5).store(FormatByte.bin32, Self.length32(length))
    }
    append(bytes)
  }

  @inlinable
  mutating func packArrayHeader(_ elements: Int) {
    switch elements {
    case ..<16: append(FormatByte.fixarray | UInt8(elements))
    case ..<0x1_0000:
      let written = reserve(3).store(FormatByte.array16, UInt16(elements))
      count &+= written
    default:
      let written = reserve(5).store(FormatByte.array32, Self.length32(elements))
      count &+= written
    }
  }

  @inlinable
  mutating func packMapHeader(_ entries: Int) {
    switch entries {
    case ..<16: append(FormatByte.fixmap | UInt8(entries))
    case ..<0x1_0000:
      let written = reserve(3).store(FormatByte.map16, UInt16(entries))
      count &+= written
    default:
      let written = reserve(5).store(FormatByte.map32, Self.length32(entries))
      count &+= written
    }
  }

  mutating func packExtension(type: Int8, _ bytes: UnsafeRawBufferPointer) {
    let length = bytes.count
    _ = reserve(length + 6)
    switch length {
    case 1: append(FormatByte.fixext1)
    case 2: append(FormatByte.fixext2)
    case 4: append(FormatByte.fixext4)
    case 8: append(FormatByte.fixext8)
    case 16: append(FormatByte.fixext16)
    case ..<0x100: count += reserve(2).store(FormatByte.ext8, UInt8(length))
    case ..<0x1_0000: count += reserve(3).store(FormatByte.ext16, UInt16(length))
    default: count += reserve(5).store(FormatByte.ext32, Self.length32(length))
    }
    append(UInt8(bitPattern: type))
    append(bytes)
  }

  /// A length as MessagePack can express it.
  ///
  /// More than 4 GiB of one value has no form at all, and stops the process here rather than
  /// going out with a wrong length.
  @inlinable
  static func length32(_ length: Int) -> UInt32 {
    precondition(length <= 0xffff_ffff, "MessagePack values are at most 4 GiB - 1 long")
    return UInt32(truncatingIfNeeded: length)
  }
}
