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
package protocol WireNumbered: WireField, Equatable, Sendable {
  static var numbers: WireNumbers<Self> { get }
}

/// The numbers of values, each beside its value.
///
/// The numbers are a list of their own: code that does not know the type of the values finds one
/// without a look for the metadata of pairs at each step.
package struct WireNumbers<Value: Sendable>: ExpressibleByDictionaryLiteral, Sendable {
  package let numbers: [Int]
  package let values: [Value]

  package init(dictionaryLiteral pairs: (Int, Value)...) {
    // Key paths would be made at run time, in each child.
    numbers = pairs.map { $0.0 }
    values = pairs.map { $0.1 }
  }
}

extension WireNumbered {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    let number = try reader.readInt()
    let list = numbers
    guard let index = list.numbers.firstIndex(of: number) else {
      throw WireError("no \(Self.self) has the number \(number)")
    }
    return list.values[index]
  }

  package func pack(into writer: inout MessagePackWriter) {
    let list = Self.numbers
    // The list has all values; 0 is the number of none.
    writer.pack(list.values.firstIndex(of: self).map { list.numbers[$0] } ?? 0)
  }
}
