/// How much room values take in a message, roughly.
@usableFromInline
enum ByteEstimate {
  /// The size of a value in bytes: exact for numbers, near for strings and arrays of those.
  ///
  /// Of other values only what lies in them directly counts, because looking further costs as much
  /// as encoding them.
  @usableFromInline
  static func bytes<Value>(of value: Value) -> Int {
    switch value {
    case let string as String: string.utf8.count + 5
    case let bytes as [UInt8]: bytes.count + 5
    case let array as any Collection: bytes(ofCollection: array)
    default: MemoryLayout<Value>.size
    }
  }

  private static func bytes<Values: Collection>(ofCollection values: Values) -> Int {
    guard !isPlain(Values.Element.self) else {
      return values.count * MemoryLayout<Values.Element>.stride + 5
    }
    return values.reduce(5) { $0 + bytes(of: $1) }
  }

  /// Whether all values of the type have the size that the type says.
  @inlinable
  static func isPlain<Value>(_ type: Value.Type) -> Bool { _isPOD(type) }
}
