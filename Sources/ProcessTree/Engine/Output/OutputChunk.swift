internal import ProcessTreeMessagePack

enum OutputStream: Int, Hashable, Sendable {
  case output = 1
  case error = 2
}

/// A piece of a node's output on its way to the root.
struct OutputChunk: Equatable, Sendable {
  let node: String
  /// Where the node is found; empty if its parent does not report it.
  var address = ""
  /// The number of the node's life.
  var incarnation = 1
  let stream: OutputStream
  /// Whole lines, a part of a long or unfinished line, or no bytes after a stream ended within a
  /// line.
  let bytes: [UInt8]

  /// Whether it is from the node at this address, or from one below: a child speaks for no others.
  func isFrom(_ address: String) -> Bool {
    self.address == address || self.address.hasPrefix(address + "/")
  }

  /// Whether it is from a node at one of these addresses, or from one below.
  func isFrom(oneOf addresses: Set<String>) -> Bool {
    var node = address[...]
    while !addresses.contains(String(node)) {
      guard let end = node.lastIndex(of: "/") else { return false }
      node = node[..<end]
    }
    return true
  }

  /// The item of the output stream: `[node, stream, bytes, address, incarnation]`.
  func item() -> [UInt8] {
    var writer = MessagePackWriter(capacity: 64 + bytes.count)
    writer.packArrayHeader(5)
    writer.pack(node)
    writer.pack(stream.rawValue)
    writer.packBinary(bytes)
    writer.pack(address)
    writer.pack(incarnation)
    return writer.bytes
  }

  init(
    node: String, address: String = "", incarnation: Int = 1, stream: OutputStream, bytes: [UInt8]
  ) {
    self.node = node
    self.address = address
    self.incarnation = incarnation
    self.stream = stream
    self.bytes = bytes
  }

  init?(item: [UInt8]) {
    var reader = MessagePackReader(item)
    guard let count = try? reader.readArrayHeader(), count == 3 || count == 5,
      let node = try? reader.readString(), let number = try? reader.readInt(),
      let stream = OutputStream(rawValue: number), let bytes = try? reader.readBinary()
    else { return nil }
    self.init(node: node, stream: stream, bytes: bytes)
    // A node of an earlier minor version does not report where the writer is found.
    if count == 5 {
      guard let address = try? reader.readString(), let life = try? reader.readInt() else {
        return nil
      }
      (self.address, incarnation) = (address, life)
    }
    guard reader.isAtEnd else { return nil }
  }
}
