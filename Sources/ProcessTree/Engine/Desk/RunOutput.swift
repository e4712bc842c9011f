internal import DequeModule
package import ProcessTreeMessagePack
package import ProcessTreeWire

/// A piece of what a node has written, as readers of a live run get it.
package struct RunOutput: WireRecord, Hashable, Sendable {
  /// The address of the node.
  package let address: String
  /// The number of the node's life.
  package let incarnation: Int
  /// Whether it is from standard error.
  package let isError: Bool
  /// When the root received it, in nanoseconds since 1970.
  package let time: Int64
  /// Whole lines, a part of a long or unfinished line, or no bytes after a stream ended within a
  /// line.
  package let bytes: [UInt8]
  /// The number of the piece among all that the root has received, from 1 on; 0 from a root that
  /// does not count them.
  package let number: UInt64

  /// The most bytes of a piece, so that it fits a frame.
  static let mostBytes = 256 << 10

  init(_ chunk: OutputChunk, _ bytes: some Sequence<UInt8>, number: UInt64 = 0, at time: Int64) {
    address = chunk.address.isEmpty ? "/" + chunk.node : chunk.address
    incarnation = chunk.incarnation
    isError = chunk.stream == .error
    self.time = time
    self.bytes = Array(bytes)
    self.number = number
  }

  package init(fields: inout WireFields) throws {
    address = try fields.next()
    incarnation = try fields.next()
    isError = try fields.next()
    time = try fields.next()
    bytes = (try fields.next() as WireBytes).bytes
    number = try fields.nextIfPresent() ?? 0
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, address, incarnation, isError, time, WireBytes(bytes), number)
  }

  private init(_ other: Self, last count: Int) {
    self.init(other, bytes: Array(other.bytes.suffix(count)), isError: other.isError)
  }

  private init(_ other: Self, bytes: [UInt8], isError: Bool) {
    address = other.address
    incarnation = other.incarnation
    self.isError = isError
    time = other.time
    self.bytes = bytes
    number = other.number
  }

  /// The piece without what makes it larger than a part of a file.
  func cut(to size: Int) -> Self {
    let most = max(1, size - 128)
    return bytes.count > most ? suffix(of: most) : self
  }

  /// A line in the place of so many bytes that were left out up to the end of this piece; it has
  /// its number.
  func loss(of count: Int) -> Self {
    Self(
      self, bytes: Array("\(count) bytes are missing here: the disk was too slow for them\n".utf8),
      isError: true)
  }

  /// The piece from a place on where a line begins, without the lines before its last ones.
  func last(lines: Int) -> Self {
    var left = lines
    for index in bytes.indices.reversed().dropFirst() where bytes[index] == UInt8(ascii: "\n") {
      left -= 1
      if left == 0 { return Self(self, last: bytes.count - index - 1) }
    }
    return self
  }

  /// How many lines end in it; at least one if there is anything.
  var lineCount: Int {
    bytes.isEmpty ? 0 : max(1, bytes.count { $0 == UInt8(ascii: "\n") })
  }
}

/// What the nodes of a run have written lately, within bounds for each of them.
///
/// A value: a node that writes much displaces its own output only.
struct OutputHistory {
  /// The most bytes that are kept of a node, with what it costs to keep them.
  static let mostBytes = 32 << 10
  /// The most nodes of which anything is kept.
  static let mostNodes = 128
  private struct Node {
    var pieces: Deque<RunOutput> = []
    var cost = 0

    mutating func add(_ piece: RunOutput) {
      pieces.append(piece)
      cost += piece.cost
      while cost > OutputHistory.mostBytes, let first = pieces.popFirst() { cost -= first.cost }
    }
  }

  private var nodes: [String: Node] = [:]

  mutating func note(_ output: RunOutput) {
    if nodes[output.address] == nil, nodes.count >= Self.mostNodes { forgetOne() }
    // A piece that is larger than what is kept loses its beginning.
    let kept =
      output.bytes.count > Self.mostBytes / 2 ? output.suffix(of: Self.mostBytes / 2) : output
    nodes[output.address, default: Node()].add(kept)
  }

  /// The last lines of the nodes that are wanted, in the order in which they came; all without a
  /// number.
  func last(_ lines: Int?, where isWanted: (String) -> Bool) -> [RunOutput] {
    var found = nodes.filter { isWanted($0.key) }.flatMap(\.value.pieces)
    found.sort { $0.number < $1.number }
    guard var left = lines else { return found }
    var last: [RunOutput] = []
    while left > 0, let output = found.popLast() {
      last.append(output.last(lines: left))
      left -= output.lineCount
    }
    return last.reversed()
  }

  private mutating func forgetOne() {
    let oldest = nodes.min {
      ($0.value.pieces.last?.number ?? 0) < ($1.value.pieces.last?.number ?? 0)
    }
    if let oldest { nodes[oldest.key] = nil }
  }
}

extension RunOutput {
  /// What it costs to keep it.
  fileprivate var cost: Int { bytes.count + 128 }

  /// The end of it, from the begin of a line on where there is one.
  fileprivate func suffix(of count: Int) -> Self {
    let end = bytes.suffix(count)
    let start = end.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? end.startIndex
    return Self(self, last: bytes.count - (start < bytes.count ? start : end.startIndex))
  }
}
