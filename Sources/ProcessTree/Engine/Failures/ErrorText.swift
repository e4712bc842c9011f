internal import ProcessTreeBase

/// The app's descriptions of errors that leave their programs; a process has one app.
enum ErrorText {
  private static let describe = Lock<@Sendable (any Error) -> String> { String(describing: $0) }

  static func use(_ app: any ProcessTreeApp.Type) {
    describe.withLock { $0 = { app.describe($0) } }
  }

  static func of(_ error: any Error) -> String { describe.withLock(\.self)(error) }

  /// The modules whose errors all are sentences that name what they are about.
  private static let modules: Set<String> = [
    "ProcessTree", "Pipelines", "Pools", "PtreeCommands", "ProcessTreeTopologies",
    "ProcessTreeTopologyFormat", "ProcessTreeStages", "ProcessTreeSupervision",
    "ProcessTreeBase", "ProcessTreeLinks", "ProcessTreeProcessControl", "ProcessTreeWire",
    "ProcessTreeZeroMQ",
  ]

  /// An error by its type and its text; of an error of this library the text alone, because the
  /// type means nothing to a reader.
  static func of(type: String, _ text: String) -> String {
    let module = type.prefix { $0 != "." }
    return modules.contains(String(module)) || type.isEmpty ? text : "\(type): \(text)"
  }
}
