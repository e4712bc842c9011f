/// How many bytes values of a type take in a message, roughly.
///
/// Exact for numbers, near for strings and arrays of those. Of other values only what lies in them
/// directly counts, because looking further costs as much as encoding them.
@usableFromInline
package struct ByteEstimate<Value>: Sendable {
  @usableFromInline
  enum Kind: Sendable {
    /// All values count as much as their type.
    case fixed
    case text
    case bytes
    case collection
  }

  @usableFromInline let kind: Kind

  /// Finds out once what kind of values these are.
  @inlinable
  package init() {
    kind =
      _isPOD(Value.self)
      ? .fixed
      : Value.self == String.self
        ? .text
        : Value.self == [UInt8].self
          ? .bytes
          : Value.self is any Collection.Type ? .collection : .fixed
  }

  /// Whether all values have the same estimate.
  @usableFromInline package var isFixed: Bool { kind == .fixed }

  /// About how many bytes a value takes.
  @inlinable
  package func bytes(of value: Value) -> Int {
    switch kind {
    case .fixed: MemoryLayout<Value>.size
    case .text: unsafeBitCast(value, to: String.self).utf8.count + 5
    case .bytes: unsafeBitCast(value, to: [UInt8].self).count + 5
    case .collection: bytes(inside: value)
    }
  }

  @usableFromInline
  func bytes(inside value: Value) -> Int {
    guard let values = value as? any Collection else { return MemoryLayout<Value>.size }
    return Self.bytes(ofAll: values)
  }

  private static func bytes<Values: Collection>(ofAll values: Values) -> Int {
    let estimate = ByteEstimate<Values.Element>()
    guard !estimate.isFixed else {
      return values.count * MemoryLayout<Values.Element>.stride + 5
    }
    return values.reduce(5) { $0 + estimate.bytes(of: $1) }
  }
}
