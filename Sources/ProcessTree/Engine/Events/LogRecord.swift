internal import Logging
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// A log record of a node on its way to the root.
struct LogRecord: WireRecord, Sendable {
  var node: String
  var label: String
  var level: Logger.Level
  var message: String
  var metadata: [String: String]
  var source: String
  var file: String
  var function: String
  var line: UInt

  init(fields: inout WireFields) throws {
    self.init(
      node: try fields.next(), label: try fields.next(), level: try fields.next(),
      message: try fields.next(), metadata: try Self.metadata(try fields.next()),
      source: try fields.next(), file: try fields.next(), function: try fields.next(),
      line: try fields.next())
  }

  func pack(into writer: inout MessagePackWriter) {
    let metadata = metadata.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    WireFields.pack(
      into: &writer, node, label, level, message, metadata, source, file, function, line)
  }

  /// Keys and values, which travel in turn.
  private static func metadata(_ texts: [String]) throws -> [String: String] {
    guard texts.count.isMultiple(of: 2) else { throw WireError("a key without a value") }
    let pairs = stride(from: 0, to: texts.count, by: 2).map { (texts[$0], texts[$0 + 1]) }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  init(
    node: String, label: String, level: Logger.Level, message: String,
    metadata: [String: String], source: String, file: String, function: String, line: UInt
  ) {
    self.node = node
    self.label = label.limited(to: Self.longestMetadata)
    self.level = level
    self.message = message.limited(to: WireLimits.text)
    self.metadata = Dictionary(
      metadata.prefix(Self.mostMetadata).map { key, value in
        (key.limited(to: Self.longestMetadata), value.limited(to: Self.longestMetadata))
      }, uniquingKeysWith: { first, _ in first })
    self.source = source.limited(to: Self.longestMetadata)
    self.file = file.limited(to: Self.longestMetadata)
    self.function = function.limited(to: Self.longestMetadata)
    self.line = line
  }

  private static let mostMetadata = 64
  private static let longestMetadata = 1_024

  /// Logs the record in this process, the root, with the node's name as metadata.
  func logHere() {
    var logger = Logger(label: label)
    logger[metadataKey: "node.name"] = .string(node)
    logger.log(
      level: level, "\(message)", metadata: metadata.mapValues { .string($0) }, source: source,
      file: file, function: function, line: line)
  }
}
