package import ProcessTreeMessagePack

/// A value that travels as one field of a message or record: at its place, without a name.
package protocol WireField {
  /// Reads the field; throws for anything else, and for a value beyond its limits.
  static func read(from reader: inout MessagePackReader) throws -> Self
  func pack(into writer: inout MessagePackWriter)
}

extension WireField where Self: FixedWidthInteger {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try reader.readInteger(as: Self.self)
  }

  package func pack(into writer: inout MessagePackWriter) {
    if let signed = Int(exactly: self) { writer.pack(signed) } else { writer.pack(UInt64(self)) }
  }
}

extension Int: WireField {}
extension Int32: WireField {}
extension Int64: WireField {}
extension UInt: WireField {}
extension UInt32: WireField {}
extension UInt64: WireField {}

extension Bool: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try reader.readBool()
  }

  package func pack(into writer: inout MessagePackWriter) { writer.pack(self) }
}

extension String: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try reader.readString()
  }

  package func pack(into writer: inout MessagePackWriter) { writer.pack(self) }
}

extension Optional: WireField where Wrapped: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try reader.readNil() ? nil : Wrapped.read(from: &reader)
  }

  package func pack(into writer: inout MessagePackWriter) {
    if let self { self.pack(into: &writer) } else { writer.packNil() }
  }
}

extension Array: WireField where Element: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    // The reader bounds the count by the bytes that are left.
    try (0..<reader.readArrayHeader()).map { _ in try Element.read(from: &reader) }
  }

  package func pack(into writer: inout MessagePackWriter) {
    writer.packArrayHeader(count)
    for element in self { element.pack(into: &writer) }
  }
}

/// Bytes as a field; an array of `UInt8` is no array of fields.
package struct WireBytes: WireField {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  package static func read(from reader: inout MessagePackReader) throws -> Self {
    Self(try reader.readBinary())
  }

  package func pack(into writer: inout MessagePackWriter) { writer.packBinary(bytes) }
}

/// A value of a fixed list, which travels as its number; numbers are part of the protocol and never
/// reused.
package protocol WireNumbered: WireField, Equatable {
  static var numbers: KeyValuePairs<Int, Self> { get }
}

extension WireNumbered {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    let number = try reader.readInt()
    guard let value = numbers.first(where: { $0.key == number })?.value else {
      throw WireError("no \(Self.self) has the number \(number)")
    }
    return value
  }

  package func pack(into writer: inout MessagePackWriter) {
    // The list has all values; 0 is the number of none.
    writer.pack(Self.numbers.first { $0.value == self }?.key ?? 0)
  }
}
