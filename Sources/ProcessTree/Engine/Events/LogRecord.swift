internal import Logging
internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// A log record of a node on its way to the root.
struct LogRecord: Codable, Sendable {
  var node: String
  var label: String
  var level: Logger.Level
  var message: String
  var metadata: [String: String]
  var source: String
  var file: String
  var function: String
  var line: UInt

  func encoded() throws -> [UInt8] { try MessagePackEncoder().encode(self) }

  init(encoded: [UInt8]) throws {
    self = try MessagePackDecoder().decode(Self.self, from: encoded)
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
