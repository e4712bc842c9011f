internal import Synchronization

/// The words for an error that leaves its program, as the app has them; one app a process.
enum ErrorText {
  private static let describe = Mutex<@Sendable (any Error) -> String> { String(describing: $0) }

  /// Takes the app's words from now on.
  static func use(_ app: any ProcessTreeApp.Type) {
    describe.withLock { $0 = { app.describe($0) } }
  }

  /// The error in words.
  static func of(_ error: any Error) -> String { describe.withLock(\.self)(error) }
}
