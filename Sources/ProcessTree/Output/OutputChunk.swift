internal import MessagePack

/// Which stream of a process.
enum OutputStream: Int, Sendable {
  case output = 1
  case error = 2
}

/// Whole lines that a node wrote, on their way to the root.
struct OutputChunk: Sendable {
  let node: String
  let stream: OutputStream
  let lines: [[UInt8]]

  /// The item of the output channel: `[node, stream, line, …]`.
  func item() -> [UInt8] {
    var writer = MessagePackWriter(capacity: lines.reduce(64) { $0 + $1.count + 5 })
    writer.packArrayHeader(lines.count + 2)
    writer.pack(node)
    writer.pack(stream.rawValue)
    for line in lines { writer.packBinary(line) }
    return writer.bytes
  }

  init(node: String, stream: OutputStream, lines: [[UInt8]]) {
    self.node = node
    self.stream = stream
    self.lines = lines
  }

  /// Reads an item; nil when it is none.
  init?(item: [UInt8]) {
    var reader = MessagePackReader(item)
    guard let count = try? reader.readArrayHeader(), count >= 2,
      let node = try? reader.readString(), let number = try? reader.readInt(),
      let stream = OutputStream(rawValue: number),
      let lines = try? (0..<count - 2).map({ _ in try reader.readBinary() }), reader.isAtEnd
    else { return nil }
    self.init(node: node, stream: stream, lines: lines)
  }

  /// The bytes to write, each line with its end and, if asked for, the node's name before it.
  func rendered(prefixed: Bool) -> [UInt8] {
    let prefix = prefixed ? Array("\(node) | ".utf8) : []
    var bytes: [UInt8] = []
    for line in lines {
      bytes += prefix
      bytes += line
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }
}
