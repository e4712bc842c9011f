// Arrays of scalars, without a container for each element.
extension RawCursor {
  @inline(__always)
  mutating func readElements<T>(
    limit: Int, _ read: (inout RawCursor) throws(MessagePackError) -> T
  ) throws(MessagePackError) -> [T] {
    let count = try readArrayHeader(limit: limit)
    // A literal's memory is allocated without a look-up of types, which takes most of the time
    // otherwise.
    switch count {
    case 0: return []
    case 1: return [try read(&self)]
    case 2: return [try read(&self), try read(&self)]
    case 3: return [try read(&self), try read(&self), try read(&self)]
    case 4: return [try read(&self), try read(&self), try read(&self), try read(&self)]
    default: return try readElements(count, read)
    }
  }

  @inline(__always)
  private mutating func readElements<T>(
    _ count: Int, _ read: (inout RawCursor) throws(MessagePackError) -> T
  ) throws(MessagePackError) -> [T] {
    var cursor = self
    // A throw inside the array's initializer would have to be untyped; hence the detour.
    var failure: MessagePackError?
    let values = [T](unsafeUninitializedCapacity: count) { target, initialized in
      do throws(MessagePackError) {
        while initialized < count {
          target.initializeElement(at: initialized, to: try read(&cursor))
          initialized &+= 1
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    self = cursor
    return values
  }

  /// Integers: written out, as the general form calls a function for each element.
  mutating func readIntegers<T: FixedWidthInteger>(
    _ type: T.Type, limit: Int
  ) throws(MessagePackError) -> [T] {
    let count = try readArrayHeader(limit: limit)
    guard count > 0 else { return [] }
    var cursor = self
    var failure: MessagePackError?
    let values = [T](unsafeUninitializedCapacity: count) { target, initialized in
      var index = 0
      while index < count {
        if let value = cursor.readCommonInteger(as: T.self) {
          target.initializeElement(at: index, to: value)
        } else {
          do throws(MessagePackError) {
            target.initializeElement(at: index, to: try cursor.readLongInteger(as: T.self))
          } catch {
            failure = error
            break
          }
        }
        index &+= 1
      }
      initialized = index
    }
    if let failure { throw failure }
    self = cursor
    return values
  }

  mutating func readBools(limit: Int) throws(MessagePackError) -> [Bool] {
    try readElements(limit: limit) { (cursor) throws(MessagePackError) in try cursor.readBool() }
  }

  mutating func readFloats(limit: Int) throws(MessagePackError) -> [Float] {
    try readElements(limit: limit) { (cursor) throws(MessagePackError) in try cursor.readFloat() }
  }

  mutating func readDoubles(limit: Int) throws(MessagePackError) -> [Double] {
    try readElements(limit: limit) { (cursor) throws(MessagePackError) in try cursor.readDouble() }
  }

  mutating func readStrings(
    limit: Int, stringLimit: Int
  ) throws(MessagePackError) -> [String] {
    try readElements(limit: limit) { (cursor) throws(MessagePackError) in
      try cursor.readString(limit: stringLimit)
    }
  }
}
