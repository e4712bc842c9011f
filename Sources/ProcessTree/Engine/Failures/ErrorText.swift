internal import Synchronization

/// The app's descriptions of errors that leave their programs; a process has one app.
enum ErrorText {
  private static let describe = Mutex<@Sendable (any Error) -> String> { String(describing: $0) }

  static func use(_ app: any ProcessTreeApp.Type) {
    describe.withLock { $0 = { app.describe($0) } }
  }

  static func of(_ error: any Error) -> String { describe.withLock(\.self)(error) }
}
