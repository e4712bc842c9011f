internal import Glibc

/// Whether somebody else could have written a file that root is about to run.
package enum Trust {
  /// Why a file, or its directory, is not to be trusted; nil if it is.
  package static func refusal(of path: String) -> String? {
    // What a link leads to lies in a directory as well.
    let directories = [path, Path.identity(path)].map(Path.directory)
    for (place, kind) in [(path, "file")] + directories.map({ ($0, "directory") }) {
      if let refusal = refusal(of: place, called: "its \(kind)") { return refusal }
    }
    for directory in directories {
      if let refusal = refusal(ofAbove: directory) { return refusal }
    }
    return nil
  }

  /// Who may rename a directory can put another one in its place; in one like `/tmp` only its owner can.
  private static func refusal(ofAbove directory: String) -> String? {
    var rest = directory[...]
    while let slash = rest.lastIndex(of: "/"), rest != "/" {
      rest = slash == rest.startIndex ? "/" : rest[..<slash]
      if let refusal = refusal(
        of: String(rest), called: "\(rest)", unless: mode_t(S_ISVTX))
      {
        return refusal
      }
    }
    return nil
  }

  private static func refusal(
    of place: String, called name: String, unless harmless: mode_t = 0
  ) -> String? {
    var status = stat()
    guard stat(place, &status) == 0 else { return nil }
    if status.st_uid != geteuid(), status.st_uid != 0 {
      return "\(name) belongs to user \(status.st_uid)"
    }
    guard status.st_mode & 0o022 != 0, status.st_mode & harmless == 0 else { return nil }
    return "others may write to \(name); chmod go-w \(place)"
  }
}
