/// What a keyed container knows of its value, and the container itself, kept for the next value
/// with such keys.
///
/// The standard library wraps each keyed container in an object, which takes an allocation and
/// three look-ups of types. A slot keeps that object. It is used again only when nobody else has
/// it, so a container that outlives its value finds the serial of that value forever, and is
/// refused.
class KeyedSlot {
  /// The type of the keys.
  let keys: ObjectIdentifier
  /// The encoder or decoder.
  ///
  /// A slot in its table does not keep it alive: the table closes slots that are in use when it
  /// goes.
  @exclusivity(unchecked) fileprivate(set) var core: Unmanaged<AnyObject>
  /// The same, for a container that is alone with its slot.
  @exclusivity(unchecked) private var owner: AnyObject?
  /// The serial of the container's value.
  @exclusivity(unchecked) var serial: Int
  @exclusivity(unchecked) var names: KeyNames
  /// The object that the standard library has made.
  @exclusivity(unchecked) fileprivate var box: AnyObject?
  /// The next slot at the same place of the table, which holds it.
  @exclusivity(unchecked) fileprivate var next: Unmanaged<KeyedSlot>?

  init<Key: CodingKey>(keys: Key.Type, core: AnyObject, serial: Int, keepsCore: Bool) {
    self.keys = ObjectIdentifier(keys)
    self.core = .passUnretained(core)
    self.serial = serial
    owner = keepsCore ? core : nil
    names = KeyNames(of: keys)
  }
}

/// A slot for containers of a type.
final class TypedSlot<Container>: KeyedSlot {
  /// Whether containers of the type are one object, as far as their size shows.
  static var isObject: Bool { MemoryLayout<Container>.size == MemoryLayout<AnyObject>.size }

  /// Puts a container, which is one object, into the slot.
  func keep(_ container: Container) {
    box = unsafeBitCast(container, to: AnyObject.self)
  }

  /// The container that is in the slot.
  ///
  /// Not inlined, because here the type is at hand, and a caller would have to look it up.
  @inline(never)
  func container() -> Container {
    unsafeBitCast(box.unsafelyUnwrapped, to: Container.self)
  }
}

/// The slots of an encoder or decoder.
struct KeyedSlots: ~Copyable {
  private static var places: Int { 16 }
  private static var most: Int { 64 }

  // Unmanaged, because each value looks for a slot, and would count references to those it sees.
  private var places: UnsafeMutablePointer<Unmanaged<KeyedSlot>?>?
  private var count = 0

  /// Whether no further type of keys gets a slot.
  var isFull: Bool { count >= Self.most }

  @inline(__always)
  private static func place(of keys: ObjectIdentifier) -> Int {
    let bits = UInt(bitPattern: keys)
    return Int(bitPattern: (bits >> 4) ^ (bits >> 9)) & (places - 1)
  }

  /// A slot for a type of keys whose container nobody has.
  @inline(__always)
  func free(for keys: ObjectIdentifier) -> Unmanaged<KeyedSlot>? {
    guard let places else { return nil }
    var next = places[Self.place(of: keys)]
    while let slot = next {
      let isFree = slot._withUnsafeGuaranteedRef {
        $0.keys == keys && isKnownUniquelyReferenced(&$0.box)
      }
      if isFree { return slot }
      next = slot._withUnsafeGuaranteedRef { $0.next }
    }
    return nil
  }

  mutating func add(_ slot: KeyedSlot) {
    let places = places ?? allocate()
    let place = Self.place(of: slot.keys)
    slot.next = places[place]
    places[place] = .passRetained(slot)
    count += 1
  }

  private mutating func allocate() -> UnsafeMutablePointer<Unmanaged<KeyedSlot>?> {
    let new = UnsafeMutablePointer<Unmanaged<KeyedSlot>?>.allocate(capacity: Self.places)
    new.initialize(repeating: nil, count: Self.places)
    places = new
    return new
  }

  /// Lets go of all slots; those whose containers somebody has kept refer to a closed core from now
  /// on.
  mutating func close(_ closed: @autoclosure () -> AnyObject) {
    guard let places else { return }
    for place in 0..<Self.places {
      var next = places[place]
      while let held = next {
        let slot = held.takeRetainedValue()
        next = slot.next
        slot.next = nil
        guard slot.box != nil, !isKnownUniquelyReferenced(&slot.box) else { continue }
        slot.serial = -1
        slot.core = .passUnretained(closed())
        // The container does not keep its slot.
        _ = Unmanaged.passRetained(slot)
      }
    }
    places.deallocate()
    self.places = nil
  }
}
