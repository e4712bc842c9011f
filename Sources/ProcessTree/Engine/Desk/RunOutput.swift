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
  /// Whole lines, a part of a long or unfinished line, or no bytes after a stream ended within a line.
  package let bytes: [UInt8]

  /// The most bytes of a piece, so that it fits a frame.
  static let mostBytes = 256 << 10

  init(_ chunk: OutputChunk, _ bytes: some Sequence<UInt8>, at time: Int64) {
    address = chunk.address.isEmpty ? "/" + chunk.node : chunk.address
    incarnation = chunk.incarnation
    isError = chunk.stream == .error
    self.time = time
    self.bytes = Array(bytes)
  }

  package init(fields: inout WireFields) throws {
    address = try fields.next()
    incarnation = try fields.next()
    isError = try fields.next()
    time = try fields.next()
    bytes = (try fields.next() as WireBytes).bytes
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, address, incarnation, isError, time, WireBytes(bytes))
  }

  private init(_ other: Self, last count: Int) {
    address = other.address
    incarnation = other.incarnation
    isError = other.isError
    time = other.time
    bytes = Array(other.bytes.suffix(count))
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
    var pieces: Deque<(number: Int, output: RunOutput)> = []
    var cost = 0

    mutating func add(_ piece: (number: Int, output: RunOutput)) {
      pieces.append(piece)
      cost += piece.output.cost
      while cost > OutputHistory.mostBytes, let first = pieces.popFirst() {
        cost -= first.output.cost
      }
    }
  }

  private var nodes: [String: Node] = [:]
  private var count = 0

  mutating func note(_ output: RunOutput) {
    count += 1
    if nodes[output.address] == nil, nodes.count >= Self.mostNodes { forgetOne() }
    // A piece that is larger than what is kept loses its beginning.
    let kept =
      output.bytes.count > Self.mostBytes / 2 ? output.suffix(of: Self.mostBytes / 2) : output
    nodes[output.address, default: Node()].add((count, kept))
  }

  /// The last lines of the nodes that are wanted, in the order in which they came; all without a number.
  func last(_ lines: Int?, where isWanted: (String) -> Bool) -> [RunOutput] {
    var found = nodes.filter { isWanted($0.key) }.flatMap(\.value.pieces)
    found.sort { $0.number < $1.number }
    guard var left = lines else { return found.map(\.output) }
    var last: [RunOutput] = []
    while left > 0, let output = found.popLast()?.output {
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
