package import ProcessTreeMessagePack

/// A value of several fields that travels as an array of them.
///
/// A reader ignores fields behind the last one that it knows: a later minor version may add some.
package protocol WireRecord: WireField {
  /// Reads the fields in their order; throws for a field that is missing or not what it should be.
  init(fields: inout WireFields) throws
}

extension WireRecord {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    var fields = try WireFields(reader)
    let record = try Self(fields: &fields)
    reader = try fields.skipRest()
    return record
  }

  /// The bytes of the record.
  package func packed() -> [UInt8] {
    var writer = MessagePackWriter()
    pack(into: &writer)
    return writer.bytes
  }

  /// Reads a whole record, and nothing after it.
  package init(packed bytes: [UInt8]) throws(WireError) {
    self = try WireFields.readAll(of: bytes, as: "\(Self.self)") { try Self(fields: &$0) }
  }
}

/// The fields of a message, a record or a compound field, one after the other.
package struct WireFields {
  private var reader: MessagePackReader
  private var left: Int

  /// Reads the start of the array.
  package init(_ reader: MessagePackReader) throws {
    self.reader = reader
    left = try self.reader.readArrayHeader()
  }

  /// Reads the next field.
  package mutating func next<Field: WireField>() throws -> Field {
    guard left > 0 else { throw WireError("a field is missing") }
    left -= 1
    return try Field.read(from: &reader)
  }

  /// Reads a field that a later minor version has added; nil in a record of an earlier one.
  package mutating func nextIfPresent<Field: WireField>() throws -> Field? {
    left > 0 ? try next() as Field? : nil
  }

  /// Returns the reader behind the last field; throws if there are more fields.
  func end() throws -> MessagePackReader {
    guard left == 0 else { throw WireError("\(left) fields more than there are") }
    return reader
  }

  /// Returns the reader behind the last field.
  fileprivate mutating func skipRest() throws -> MessagePackReader {
    for _ in 0..<left { try reader.skipValue() }
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

  /// Reads bytes that are the array and nothing else; names what they are not if they are not.
  package static func readAll<Record>(
    of bytes: [UInt8], as name: @autoclosure () -> String,
    _ body: (inout WireFields) throws -> Record
  ) throws(WireError) -> Record {
    do {
      var fields = try WireFields(MessagePackReader(bytes))
      let record = try body(&fields)
      try fields.skipRest().finish()
      return record
    } catch {
      throw WireError("not the record \(name()): \(error)")
    }
  }

  /// Packs the start of an array and its fields.
  package static func pack<each Field: WireField>(
    into writer: inout MessagePackWriter, _ fields: repeat each Field
  ) {
    var count = 0
    for _ in repeat (each Field).self { count += 1 }
    writer.packArrayHeader(count)
    for field in repeat each fields { field.pack(into: &writer) }
  }
}
