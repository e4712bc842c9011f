import Glibc

/// Checks paths that were given, so that a wrong one is found before anything is begun.
enum GivenPaths {
  /// The path that means standard input.
  static let standardInput = Array("-".utf8)

  /// Checks that all paths exist and can be read.
  ///
  /// - Throws: ``UnusableInput`` for the first one that does not or cannot, and for a directory
  ///   unless those are welcome.
  static func check(_ paths: [[UInt8]], allowsDirectories: Bool) throws(UnusableInput) {
    for path in paths where path != standardInput {
      var status = stat()
      let isThere = stat(cString(path), &status) == 0
      guard isThere, faccessat(AT_FDCWD, cString(path), R_OK, AT_EACCESS) == 0 else {
        throw UnusableInput("\(visibleText(path)): \(SystemFailure())")
      }
      if status.st_mode & S_IFMT == S_IFDIR, !allowsDirectories {
        throw UnusableInput("\(visibleText(path)): \(SystemFailure(EISDIR))")
      }
    }
  }
}
