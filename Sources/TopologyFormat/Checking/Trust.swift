internal import Glibc

/// Whether somebody else could have written a file that root is about to run.
package enum Trust {
  /// Why a file, or its directory, is not to be trusted; nil if it is.
  package static func refusal(of path: String) -> String? {
    var places = [(path, "file"), (Path.directory(of: path), "directory")]
    // What a link leads to lies in a directory as well.
    if let real = realpath(path, nil) {
      places.append((Path.directory(of: String(cString: real)), "directory"))
      free(real)
    }
    for (place, kind) in places {
      var status = stat()
      guard stat(place, &status) == 0 else { continue }
      if status.st_uid != geteuid(), status.st_uid != 0 {
        return "its \(kind) belongs to user \(status.st_uid)"
      }
      if status.st_mode & 0o022 != 0 {
        return "others may write to its \(kind); chmod go-w \(place)"
      }
    }
    return nil
  }
}
