extension DecoderCore {
  /// Where the value of a key starts; nil if the map of the present value has no such key.
  ///
  /// Values usually ask in the order in which they were written, so the next key is compared in
  /// place first. Only when it is another one are all keys looked at. The entry that was found
  /// becomes the present one.
  @inline(__always)
  func findValue<Key: CodingKey>(_ key: Key, _ slot: KeyedSlot) throws -> Int? {
    if frame.serial == slot.serial, frame.index < frame.count, let name = slot.names.find(key),
      let base = input.bytes.baseAddress,
      name.pointee.isAt(base + frame.nextKey, of: input.bytes.count &- frame.nextKey)
    {
      return frame.nextKey &+ name.pointee.length
    }
    return try findByName(key, slot, isOwn: true)
  }

  /// The same by the text of the name, for keys of other types too, which the slot has no names of.
  @inline(never)
  func findByName(_ key: some CodingKey, _ slot: KeyedSlot, isOwn: Bool) throws -> Int? {
    guard frame.serial == slot.serial else { throw corrupted(.staleContainer) }
    var name = key.stringValue
    if frame.index < frame.count {
      var cursor = cursor(at: frame.nextKey)
      if cursor.matchShortKey(&name) {
        if isOwn { slot.names.learn(key, &name) }
        return cursor.offset
      }
    }
    do throws(MessagePackError) {
      return try scan(key, &name)
    } catch {
      throw corrupted(error)
    }
  }

  /// Looks at all keys, from the present one on and then around.
  @inline(never)
  private func scan(
    _ key: some CodingKey, _ name: inout String
  ) throws(MessagePackError) -> Int? {
    var cursor = cursor(at: frame.nextKey)
    var index = frame.index
    for _ in 0..<frame.count {
      if index == frame.count {
        index = 0
        cursor.offset = frame.firstKey
      }
      let start = cursor.offset
      if try cursor.matchKey(key, &name, input.limits) {
        frame.index = index
        frame.nextKey = start
        return cursor.offset
      }
      try cursor.skip(limits: input.limits)
      index += 1
    }
    return nil
  }

  /// Moves on to the entry after the present one, whose value ends at an offset.
  @inline(__always)
  func advance(to offset: Int) {
    frame.index &+= 1
    frame.nextKey = offset
    if frame.index == frame.count { frame.end = offset }
  }
}

extension RawCursor {
  /// Moves past a key of at most 31 bytes if it equals a name, else stays.
  @inline(__always)
  mutating func matchShortKey(_ name: inout String) -> Bool {
    guard remaining > 0 else { return false }
    let byte = bytes[offset]
    let length = Int(byte & 0x1f)
    guard byte & 0xe0 == FormatByte.fixstr, length < remaining else { return false }
    let key = UnsafeRawBufferPointer(rebasing: bytes[(offset &+ 1)..<(offset &+ 1 &+ length)])
    guard name.withUTF8({ key.equals(UnsafeRawBufferPointer($0)) }) else { return false }
    offset &+= 1 &+ length
    return true
  }

  /// Moves past any key, and returns whether it is the one that is looked for.
  mutating func matchKey(
    _ key: some CodingKey, _ name: inout String, _ limits: MessagePackLimits
  ) throws(MessagePackError) -> Bool {
    switch MessagePackKind(formatByte: try peekByte()) {
    case .string:
      let utf8 = try readUTF8(limit: limits.stringLength)
      return name.withUTF8 { utf8.equals(UnsafeRawBufferPointer($0)) }
    case .integer:
      // Our own maps have no such keys, other senders' may.
      var copy = self
      try skip(limits: limits)
      guard let wanted = key.intValue, let found = try? copy.readInteger(as: Int.self) else {
        return false
      }
      return found == wanted
    default:
      try skip(limits: limits)
      return false
    }
  }
}
