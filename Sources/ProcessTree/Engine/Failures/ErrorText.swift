internal import ProcessTreeBase

/// The app's descriptions of errors that leave their programs; a process has one app.
enum ErrorText {
  private static let describe = Lock<@Sendable (any Error) -> String> { String(describing: $0) }

  static func use(_ app: any ProcessTreeApp.Type) {
    describe.withLock { $0 = { app.describe($0) } }
  }

  static func of(_ error: any Error) -> String { describe.withLock(\.self)(error) }
}
