extension MessagePackValue {
  /// Packs the value at any depth: nested values are queued, not recursed into.
  public func pack(into writer: inout MessagePackWriter) {
    var pending = [self]
    while let value = pending.popLast() {
      switch value {
      case .nil: writer.packNil()
      case .bool(let value): writer.pack(value)
      case .int(let value): writer.pack(value)
      case .uint(let value): writer.pack(value)
      case .float(let value): writer.pack(value)
      case .double(let value): writer.pack(value)
      case .string(let value): writer.pack(value)
      case .binary(let bytes): writer.packBinary(bytes)
      case .extension(let type, let bytes): writer.packExtension(type: type, bytes)
      case .array(let elements):
        writer.packArrayHeader(elements.count)
        pending.append(contentsOf: elements.reversed())
      case .map(let entries):
        writer.packMapHeader(entries.count)
        for entry in entries.reversed() {
          pending.append(entry.value)
          pending.append(entry.key)
        }
      }
    }
  }
}

extension MessagePackValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Creates nil.
  public init(nilLiteral: ()) { self = .nil }
  /// Creates a truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Creates an integer.
  public init(integerLiteral value: Int64) { self = .int(value) }
  /// Creates a number of double precision.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// Creates a string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Creates an array.
  public init(arrayLiteral elements: MessagePackValue...) { self = .array(elements) }
  /// Creates a map whose entries have the order of the literal.
  public init(dictionaryLiteral elements: (MessagePackValue, MessagePackValue)...) {
    self = .map(elements.map { Entry(key: $0, value: $1) })
  }
}
