/// One step of a coding path, kept cheap until an error asks for the path.
enum PathElement {
  case key(any CodingKey)
  case index(Int)
  /// The element whose index is at an address: an array that is being coded counts there.
  case counted(UnsafePointer<Int>)

  var codingKey: any CodingKey {
    switch self {
    case .key(let key): key
    case .index(let index): IndexKey(index)
    case .counted(let index): IndexKey(index.pointee)
    }
  }
}

/// The place of an element in an unkeyed container.
struct IndexKey: CodingKey {
  let index: Int

  init(_ index: Int) { self.index = index }
  init?(intValue: Int) { self.init(intValue) }
  init?(stringValue: String) { nil }

  var intValue: Int? { index }
  var stringValue: String { "Index \(index)" }
}

/// The key under which a class codes its superclass.
struct SuperKey: CodingKey {
  init() {}
  init?(intValue: Int) { nil }
  init?(stringValue: String) { nil }

  var intValue: Int? { nil }
  var stringValue: String { "super" }
}
