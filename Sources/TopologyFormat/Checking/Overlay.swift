/// Lays one file over another.
struct Overlay {
  let schema: Schema

  /// Maps are merged key by key, all else is replaced, and nothing takes away, where nothing is no
  /// value of its own.
  ///
  /// Where an object has exactly one of some keys, such as the kinds of a node, another one takes
  /// the place of the one below.
  static func merged(_ lower: Value, _ upper: Value) -> Value {
    Self(schema: .standard).merged(lower, upper, .object("topology"))
  }

  private func merged(_ lower: Value, _ upper: Value, _ shape: Shape) -> Value {
    var upper = upper
    if case .named("variableValue") = shape, lower.entries != nil, upper.scalar != nil {
      // It stays secret that is.
      upper.content = .map([Value.Entry(key: "default", place: upper.place, value: upper)])
    }
    guard let below = lower.entries, let above = upper.entries else { return upper }
    let table = Dictionary(above.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    let exclusive = object(of: shape)?.exactlyOne ?? []
    let hasOtherKind = above.contains { exclusive.contains($0.key) && !$0.value.isNothing }
    var entries: [Value.Entry] = []
    for entry in below {
      if let other = table[entry.key] {
        let shape = self.shape(of: entry.key, in: shape)
        guard !takesAway(other, shape) else { continue }
        let value = merged(entry.value, other.value, shape)
        entries.append(Value.Entry(key: entry.key, place: other.place, value: value))
      } else if !(hasOtherKind && exclusive.contains(entry.key)) {
        entries.append(entry)
      }
    }
    let known = Set(below.map(\.key))
    entries += above.filter { entry in
      !known.contains(entry.key) && !takesAway(entry, self.shape(of: entry.key, in: shape))
    }
    var value = lower
    value.content = .map(entries)
    return value
  }

  private func takesAway(_ entry: Value.Entry, _ shape: Shape) -> Bool {
    entry.value.isNothing && !takesNothing(shape)
  }

  /// Whether nothing is a value in this place, such as the sink that takes no records.
  private func takesNothing(_ shape: Shape) -> Bool {
    switch shape {
    case .named(let name): takesNothing(schema.shape(name))
    case .either(_, _, _, let orNothing): orNothing
    default: false
    }
  }

  /// What a value has to look like that is a map.
  private func mapShape(_ shape: Shape) -> Shape {
    switch shape {
    case .named(let name): mapShape(schema.shape(name))
    case .either(_, _, let map?, _): mapShape(map)
    default: shape
    }
  }

  private func object(of shape: Shape) -> ObjectShape? {
    guard case .object(let name) = mapShape(shape) else { return nil }
    return schema.object(name)
  }

  private func shape(of key: String, in shape: Shape) -> Shape {
    switch mapShape(shape) {
    case .object(let name): schema.object(name)?.key(key)?.shape ?? .anything
    case .map(_, let element, _): element
    default: .anything
    }
  }
}
