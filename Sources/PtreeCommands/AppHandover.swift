internal import Glibc
internal import ProcessTreeTopologyFormat

/// Hands a file over to the app that has its programs.
enum AppHandover {
  /// Executes the app that a file names, in place of this process and with the same words; returns
  /// if there is none, or if the check of the file reports why not.
  ///
  /// - Parameter files: Keeps what was read, for a check of the file.
  /// - Throws: `UsageError` for a file or an app that root does not trust, or that cannot be
  ///   executed.
  static func follow(_ file: String, in files: FileSet, isTrusted: Bool) throws {
    // An app has its programs itself.
    guard RunningTool.current.catalog == nil,
      let app = Watchdog.guarding({ NamedApp(of: file, in: files) }), app.isUsable
    else { return }
    if geteuid() == 0, !isTrusted {
      // The file first: a user who may write to it chooses the app, and with the words its action.
      for (path, identity) in [(file, app.namedBy), (app.path, nil)] {
        if let refusal = Trust.refusal(of: path, being: identity) {
          throw UsageError("root does not run \(path): \(refusal), or say --trust.")
        }
      }
    }
    var words = (0..<Int(CommandLine.argc)).map { CommandLine.unsafeArgv[$0] }
    words[0] = strdup(app.path)
    execv(app.path, words + [nil])
    throw UsageError("\(app.path) cannot be executed: \(String(cString: strerror(errno)))")
  }
}
