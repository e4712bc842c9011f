internal import ProcessTreeMessagePack

/// A value that travels as one field of a message: at its place, without a name.
protocol WireField {
  /// Reads the field; throws for anything else, and for a value beyond its limits.
  static func read(from reader: inout MessagePackReader) throws -> Self
  func pack(into writer: inout MessagePackWriter)
}

extension WireField where Self: FixedWidthInteger {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    try reader.readInteger(as: Self.self)
  }

  func pack(into writer: inout MessagePackWriter) {
    if let signed = Int(exactly: self) { writer.pack(signed) } else { writer.pack(UInt64(self)) }
  }
}

extension Int: WireField {}
extension Int32: WireField {}
extension UInt32: WireField {}
extension UInt64: WireField {}

extension Bool: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self { try reader.readBool() }

  func pack(into writer: inout MessagePackWriter) { writer.pack(self) }
}

extension String: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self { try reader.readString() }

  func pack(into writer: inout MessagePackWriter) { writer.pack(self) }
}

extension Optional: WireField where Wrapped: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    try reader.readNil() ? nil : Wrapped.read(from: &reader)
  }

  func pack(into writer: inout MessagePackWriter) {
    if let self { self.pack(into: &writer) } else { writer.packNil() }
  }
}

extension Array: WireField where Element: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    // The reader bounds the count by the bytes that are left.
    try (0..<reader.readArrayHeader()).map { _ in try Element.read(from: &reader) }
  }

  func pack(into writer: inout MessagePackWriter) {
    writer.packArrayHeader(count)
    for element in self { element.pack(into: &writer) }
  }
}

/// The fields of a message or of a compound field: an array with a known number of elements.
struct WireFields {
  private var reader: MessagePackReader
  private var left: Int

  /// Reads the start of the array.
  init(_ reader: MessagePackReader) throws {
    self.reader = reader
    left = try self.reader.readArrayHeader()
  }

  /// Reads the next field.
  mutating func next<Field: WireField>() throws -> Field {
    guard left > 0 else { throw WireError("a field is missing") }
    left -= 1
    return try Field.read(from: &reader)
  }

  /// Returns the reader behind the last field; throws if there are more fields.
  func end() throws -> MessagePackReader {
    guard left == 0 else { throw WireError("\(left) fields more than there are") }
    return reader
  }

  /// Reads a compound field.
  static func read<Field>(
    from reader: inout MessagePackReader, _ body: (inout WireFields) throws -> Field
  ) throws -> Field {
    var fields = try WireFields(reader)
    let field = try body(&fields)
    reader = try fields.end()
    return field
  }

  /// Packs the start of an array and its fields.
  static func pack<each Field: WireField>(
    into writer: inout MessagePackWriter, _ fields: repeat each Field
  ) {
    var count = 0
    for _ in repeat (each Field).self { count += 1 }
    writer.packArrayHeader(count)
    for field in repeat each fields { field.pack(into: &writer) }
  }
}
