internal import Logging
internal import ProcessTreeLinks

/// Sends the log records of a node below the root to the root, where they are logged.
struct TreeLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  let label: String
  let node: String
  let send: @Sendable (LogRecord) -> Void

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata
    if let provider = metadataProvider { all.merge(provider.get()) { $1 } }
    if let own = event.metadata { all.merge(own) { $1 } }
    send(
      LogRecord(
        node: node, label: label, level: event.level, message: event.message.description,
        metadata: all.mapValues { "\($0)" }, source: event.source, file: event.file,
        function: event.function, line: event.line))
  }
}
