internal import ProcessTreeMessagePack

extension NodePath: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    let positions = try [UInt32].read(from: &reader)
    guard positions.count <= maximumDepth else { throw WireError("a node is not so deep") }
    return NodePath(positions: positions)
  }

  func pack(into writer: inout MessagePackWriter) { positions.pack(into: &writer) }
}

extension NodeAddress: WireField {
  /// A default name contains the path; a longer one is cut to so many bytes.
  private static let longestName = 1 << 10

  static func read(from reader: inout MessagePackReader) throws -> Self {
    guard try reader.readArrayHeader() == 5 else { throw WireError("not the address of a node") }
    return try NodeAddress(fields: &reader)
  }

  func pack(into writer: inout MessagePackWriter) {
    writer.packArrayHeader(5)
    packFields(into: &writer)
  }

  /// Reads the five fields, which are also fields of a hello.
  init(fields reader: inout MessagePackReader) throws {
    self.init(
      path: try .read(from: &reader), name: try .read(from: &reader), pid: try .read(from: &reader),
      startTime: try .read(from: &reader), endpoint: try .read(from: &reader))
  }

  func packFields(into writer: inout MessagePackWriter) {
    path.pack(into: &writer)
    writer.pack(name.limited(to: Self.longestName))
    pid.pack(into: &writer)
    writer.pack(startTime)
    writer.pack(endpoint)
  }
}

extension ChannelID: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { Self(home: try $0.next(), number: try $0.next()) }
  }

  func pack(into writer: inout MessagePackWriter) { WireFields.pack(into: &writer, home, number) }
}

extension TicketID: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { Self(node: try $0.next(), number: try $0.next()) }
  }

  func pack(into writer: inout MessagePackWriter) { WireFields.pack(into: &writer, node, number) }
}

extension ChannelSide: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    guard let side = ChannelSide(rawValue: try reader.readInteger(as: UInt8.self)) else {
      throw WireError("an end of a channel is a sender, 0, or a receiver, 1")
    }
    return side
  }

  func pack(into writer: inout MessagePackWriter) { writer.pack(Int(rawValue)) }
}

extension SharedMemoryName: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { fields in
      SharedMemoryName(
        pid: try fields.next(), descriptor: try fields.next(), inode: try fields.next(),
        size: try fields.next())
    }
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, pid, descriptor, inode, size)
  }
}

extension SharedSlotName: WireField {
  static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { Self(index: try $0.next(), generation: try $0.next()) }
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, index, generation)
  }
}
