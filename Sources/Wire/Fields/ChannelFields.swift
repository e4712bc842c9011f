package import ProcessTreeMessagePack

extension NodePath: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    let positions = try [UInt32].read(from: &reader)
    guard positions.count <= maximumDepth else { throw WireError("a node is not so deep") }
    return NodePath(positions: positions)
  }

  package func pack(into writer: inout MessagePackWriter) { positions.pack(into: &writer) }
}

extension PeerAddress: WireField {
  /// A default name contains the path; a longer one is cut to so many bytes.
  private static let longestName = 1 << 10

  package static func read(from reader: inout MessagePackReader) throws -> Self {
    let count = try reader.readArrayHeader()
    guard count == 5 || count == 6 else { throw WireError("not the address of a node") }
    let address = try PeerAddress(fields: &reader)
    return count == 5 ? address : address.on(try .read(from: &reader))
  }

  package func pack(into writer: inout MessagePackWriter) {
    writer.packArrayHeader(host == .root ? 5 : 6)
    packFields(into: &writer)
    if host != .root { host.pack(into: &writer) }
  }

  /// The same node on another host.
  package func on(_ host: HostPath) -> Self {
    Self(path: path, name: name, pid: pid, startTime: startTime, endpoint: endpoint, host: host)
  }

  /// Reads the fields without the host, which are also fields of a hello.
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
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { Self(home: try $0.next(), number: try $0.next()) }
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, home, number)
  }
}

extension TicketID: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { Self(node: try $0.next(), number: try $0.next()) }
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, node, number)
  }
}

extension ChannelSide: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    guard let side = ChannelSide(rawValue: try reader.readInteger(as: UInt8.self)) else {
      throw WireError("an end of a channel is a sender, 0, or a receiver, 1")
    }
    return side
  }

  package func pack(into writer: inout MessagePackWriter) { writer.pack(Int(rawValue)) }
}

extension SharedMemoryName: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { fields in
      SharedMemoryName(
        pid: try fields.next(), descriptor: try fields.next(), inode: try fields.next(),
        size: try fields.next())
    }
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, pid, descriptor, inode, size)
  }
}

extension BellName: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { Self(descriptor: try $0.next(), inode: try $0.next()) }
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, descriptor, inode)
  }
}

extension SharedSlotName: WireField {
  package static func read(from reader: inout MessagePackReader) throws -> Self {
    try WireFields.read(from: &reader) { Self(index: try $0.next(), generation: try $0.next()) }
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, index, generation)
  }
}

extension ChannelSpecification: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(
      kind: try fields.next(), overflow: try fields.next(), prefetch: try fields.next(),
      attempts: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, kind, overflow, prefetch, attempts)
  }
}

extension ChannelSpecification.Kind: WireNumbered {
  package static let numbers: WireNumbers<Self> = [
    0: .pipe, 1: .work, 2: .broadcast, 3: .service, 4: .topics,
  ]
}

extension ChannelSpecification.Overflow: WireRecord {
  package init(fields: inout WireFields) throws {
    let number: Int = try fields.next()
    self =
      switch number {
      case 0: .suspend
      case 1: .dropOldest(try fields.next())
      case 2: .dropNewest(try fields.next())
      case 3: .fail(try fields.next())
      default: throw WireError("no policy for a full queue has the number \(number)")
      }
  }

  package func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .suspend: WireFields.pack(into: &writer, 0)
    case .dropOldest(let count): WireFields.pack(into: &writer, 1, count)
    case .dropNewest(let count): WireFields.pack(into: &writer, 2, count)
    case .fail(let count): WireFields.pack(into: &writer, 3, count)
    }
  }
}

extension ChannelTicket: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(
      channel: try fields.next(), specification: try fields.next(), side: try fields.next(),
      ticket: try fields.next(), hop: try fields.next(), key: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, channel, specification, side, ticket, hop, key)
  }
}
