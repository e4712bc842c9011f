/// Which values are arrays that are coded without the standard library.
enum LongArray {
  /// How many elements they have at least.
  ///
  /// The runtime finds out how an array is coded by looking through all conformances of the
  /// process, when it is asked for the first time.
  static let fewest = 64

  /// Whether a type is an array.
  @inline(__always)
  static func isArray<T>(_ type: T.Type) -> Bool {
    let (own, array) = (words(of: type), words(of: [Int].self))
    return own.pointee.0 == array.pointee.0 && own.pointee.1 == array.pointee.1
  }

  /// The first words of a type: that it is a structure, and which.
  private static func words(of type: Any.Type) -> UnsafePointer<(UInt, UInt)> {
    unsafeBitCast(type, to: UnsafePointer<(UInt, UInt)>.self)
  }
}

/// How arrays are coded, for the types of arrays that were asked about last.
struct TypeMemo<Answer>: ~Copyable {
  private struct Entry {
    var type: ObjectIdentifier?
    var answer: Answer?
  }

  private static var places: Int { 16 }

  private var entries: UnsafeMutablePointer<Entry>?

  deinit {
    entries?.deinitialize(count: Self.places)
    entries?.deallocate()
  }

  /// The answer for a type, asked for if it is not at hand.
  @inline(__always)
  mutating func answer<T>(for type: T.Type, _ ask: () -> Answer?) -> Answer? {
    let type = ObjectIdentifier(type)
    let bits = UInt(bitPattern: type)
    let place = Int(bitPattern: (bits >> 4) ^ (bits >> 9)) & (Self.places - 1)
    if let entries, entries[place].type == type { return entries[place].answer }
    return fill(place, type, ask())
  }

  @inline(never)
  private mutating func fill(
    _ place: Int, _ type: ObjectIdentifier, _ answer: Answer?
  ) -> Answer? {
    let entries = entries ?? allocate()
    entries[place] = Entry(type: type, answer: answer)
    return answer
  }

  private mutating func allocate() -> UnsafeMutablePointer<Entry> {
    let new = UnsafeMutablePointer<Entry>.allocate(capacity: Self.places)
    new.initialize(repeating: Entry(type: nil, answer: nil), count: Self.places)
    entries = new
    return new
  }
}
