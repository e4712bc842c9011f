internal import Glibc

/// Where the directories of runs are: `TMPDIR`, or `/tmp` when that is not set.
enum TemporaryDirectory {
  /// Without links and absolute, where the path leads to anything; else as it was given.
  static var path: String {
    var given = "/tmp"
    if let value = getenv("TMPDIR"), value.pointee != 0 { given = String(cString: value) }
    guard let resolved = realpath(given, nil) else { return given }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Refuses a path on which another user could put something else in the place of the run's
  /// directory, where children send their secrets.
  ///
  /// Each directory has to belong to this user or to root, and others may write only where they
  /// cannot remove what is not theirs. What does not exist is for the caller to find.
  static func check(_ path: String) throws(ProcessTreeError) {
    var trusted: Set<uid_t> = [0, geteuid()]
    for prefix in prefixes(of: path) {
      var status = stat()
      guard lstat(prefix, &status) == 0 else { return }
      // The owner of the root directory can replace everything. In a user namespace that is nobody.
      if prefix == "/" { trusted.insert(status.st_uid) }
      guard trusted.contains(status.st_uid) else {
        throw unsafe(path, "\(prefix) belongs to another user (\(status.st_uid))")
      }
      guard status.st_mode & 0o022 == 0 || status.st_mode & S_ISVTX != 0 else {
        throw unsafe(path, "others may write to \(prefix), which is not sticky")
      }
    }
  }

  /// The root directory and every directory on the way from it to the end of a path.
  private static func prefixes(of path: String) -> [String] {
    var prefixes = ["/"]
    var prefix = ""
    for component in path.split(separator: "/") {
      prefix += "/" + String(component)
      prefixes.append(prefix)
    }
    return prefixes
  }

  private static func unsafe(_ path: String, _ reason: String) -> ProcessTreeError {
    ProcessTreeError(
      .directoryUnusable,
      "The directory for temporary files, \(path), is not safe: \(reason), so that another user "
        + "could take the place of the run's sockets. Set TMPDIR to a directory below which only "
        + "you and root can write, such as one of your own of mode 0700, or a sticky /tmp.")
  }
}
