/// A writer of the node's name before each line of output.
///
/// A line that arrives in pieces has one name, unless another node's output comes in between.
struct LinePrefixer {
  /// The node whose line is unfinished, for each stream.
  private var open: [OutputStream: String] = [:]

  mutating func render(_ chunk: OutputChunk) -> [UInt8] {
    let lineFeed = UInt8(ascii: "\n")
    var bytes: [UInt8] = []
    if let other = open[chunk.stream], other != chunk.node || chunk.bytes.isEmpty {
      bytes.append(lineFeed)
      open[chunk.stream] = nil
    }
    let prefix = Array("\(chunk.node) | ".utf8)
    var rest = chunk.bytes[...]
    while !rest.isEmpty {
      if open[chunk.stream] == nil { bytes += prefix }
      let end = rest.firstIndex(of: lineFeed).map { $0 + 1 }
      bytes += rest[..<(end ?? rest.endIndex)]
      open[chunk.stream] = end == nil ? chunk.node : nil
      rest = rest[(end ?? rest.endIndex)...]
    }
    return bytes
  }
}
