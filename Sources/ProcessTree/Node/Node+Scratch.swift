internal import Glibc
internal import ProcessTreeLinks

extension Node {
  /// Makes a directory for files that nodes of the run share, and returns its path.
  ///
  /// It is `scratch` in the run's own directory, and only this user may enter it. It is removed
  /// with all that it holds, up to 64 levels deep, when the run has ended, even if the root was
  /// killed. A second call, on any node, returns the same directory.
  ///
  /// - Throws: `directoryUnusable` if it cannot be made.
  public func makeScratchDirectory() async throws -> String {
    let path = try await runtime.run { runtime in
      try runtime.makeDirectory()
      return runtime.directory.path + "/scratch"
    }
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw ProcessTreeError(
        .directoryUnusable, "\(path) cannot be made: \(String(cString: strerror(errno))).")
    }
    return path
  }
}
