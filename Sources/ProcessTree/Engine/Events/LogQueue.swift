internal import Logging
internal import ProcessTreeWire

/// Log records for the parent, of one turn; more than a turn's worth are counted and dropped.
struct LogQueue {
  private static let recordsPerTurn = 1_000

  private var records: [[UInt8]] = []
  private var dropped = 0

  var isEmpty: Bool { records.isEmpty }

  mutating func append(_ added: [[UInt8]]) {
    let room = max(0, Self.recordsPerTurn - records.count)
    records += added.prefix(room)
    dropped += max(0, added.count - room)
  }

  /// Takes them all, and a record of this node about those that were dropped.
  mutating func take(at node: String) -> [[UInt8]] {
    defer { self = Self() }
    guard dropped > 0 else { return records }
    let record = LogRecord(
      node: node, label: "process-tree.node", level: .warning,
      message: "log records were dropped: they came faster than they could be sent",
      metadata: ["count": "\(dropped)"], source: "ProcessTree", file: #file,
      function: #function, line: #line)
    return records + [record.packed()]
  }
}
