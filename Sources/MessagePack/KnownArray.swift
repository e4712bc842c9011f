/// Types that generic code meets and that have a form of their own, found by their identity.
///
/// One probe of a small table costs less than a chain of comparisons, each of which would have
/// to ask the runtime for the metadata of an array type.
enum KnownArray: UInt8 {
  case none
  case bytes
  case contiguousBytes
  case bools
  case ints
  case ints8
  case ints16
  case ints32
  case ints64
  case uints
  case uints16
  case uints32
  case uints64
  case floats
  case doubles
  case strings
  /// `Int128` and `UInt128`, which MessagePack has no format for.
  case wideInteger

  private struct Slot {
    var type: ObjectIdentifier?
    var known: KnownArray
  }

  private static let mask = 127

  // Written once before anyone reads it, and never freed.
  private nonisolated(unsafe) static let table: UnsafePointer<Slot> = {
    let table = UnsafeMutablePointer<Slot>.allocate(capacity: mask + 1)
    table.initialize(repeating: Slot(type: nil, known: .none), count: mask + 1)
    func add(_ type: Any.Type, _ known: KnownArray) {
      let type = ObjectIdentifier(type)
      var place = start(type)
      while table[place].type != nil { place = (place + 1) & mask }
      table[place] = Slot(type: type, known: known)
    }
    add([UInt8].self, .bytes)
    add(ContiguousArray<UInt8>.self, .contiguousBytes)
    add([Bool].self, .bools)
    add([Int].self, .ints)
    add([Int8].self, .ints8)
    add([Int16].self, .ints16)
    add([Int32].self, .ints32)
    add([Int64].self, .ints64)
    add([UInt].self, .uints)
    add([UInt16].self, .uints16)
    add([UInt32].self, .uints32)
    add([UInt64].self, .uints64)
    add([Float].self, .floats)
    add([Double].self, .doubles)
    add([String].self, .strings)
    add(Int128.self, .wideInteger)
    add(UInt128.self, .wideInteger)
    return UnsafePointer(table)
  }()

  private static func start(_ type: ObjectIdentifier) -> Int {
    let bits = UInt(bitPattern: type)
    return Int(bitPattern: (bits >> 4) ^ (bits >> 11)) & mask
  }

  /// The known form of a type, or `none`.
  static func of<T>(_ type: T.Type) -> KnownArray {
    let type = ObjectIdentifier(T.self)
    let table = table
    var place = start(type)
    while let found = table[place].type {
      if found == type { return table[place].known }
      place = (place + 1) & mask
    }
    return .none
  }
}
