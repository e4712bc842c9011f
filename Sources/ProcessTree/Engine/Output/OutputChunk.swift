internal import ProcessTreeMessagePack

enum OutputStream: Int, Hashable, Sendable {
  case output = 1
  case error = 2
}

/// A piece of a node's output on its way to the root.
struct OutputChunk: Equatable, Sendable {
  let node: String
  let stream: OutputStream
  /// Whole lines, a part of a long or unfinished line, or no bytes after a stream ended within a
  /// line.
  let bytes: [UInt8]

  /// The item of the output stream: `[node, stream, bytes]`.
  func item() -> [UInt8] {
    var writer = MessagePackWriter(capacity: 64 + bytes.count)
    writer.packArrayHeader(3)
    writer.pack(node)
    writer.pack(stream.rawValue)
    writer.packBinary(bytes)
    return writer.bytes
  }

  init(node: String, stream: OutputStream, bytes: [UInt8]) {
    self.node = node
    self.stream = stream
    self.bytes = bytes
  }

  init?(item: [UInt8]) {
    var reader = MessagePackReader(item)
    guard let count = try? reader.readArrayHeader(), count == 3,
      let node = try? reader.readString(), let number = try? reader.readInt(),
      let stream = OutputStream(rawValue: number), let bytes = try? reader.readBinary(),
      reader.isAtEnd
    else { return nil }
    self.init(node: node, stream: stream, bytes: bytes)
  }
}
