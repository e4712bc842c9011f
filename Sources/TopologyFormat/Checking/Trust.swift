internal import Glibc

/// Whether somebody else could have written a file that root is about to run, or could put another
/// in its place.
package enum Trust {
  /// As many links as the kernel follows.
  private static let mostLinks = 40

  /// Why a file, or the way to it, is not to be trusted; nil if it is.
  ///
  /// Each component of the path is looked at, and each link is followed by hand: who owns a link,
  /// or may write to a directory on the way, chooses the file.
  ///
  /// - Parameter identity: Which file has been read, if it has: another one that the path led to
  ///   meanwhile may be anybody's.
  package static func refusal(of path: String, being identity: FileIdentity? = nil) -> String? {
    // The components that are still to go, the next one last, and the directory without links so
    // far.
    var rest = components(of: Path.absolute(path, from: Path.current))
    var (directory, links) = ("", 0)
    while let component = rest.popLast() {
      if component == ".." {
        directory = directory.lastIndex(of: "/").map { String(directory[..<$0]) } ?? ""
        continue
      }
      // In a directory like `/tmp` only its owner can replace a directory; a file in it is refused
      // all the same.
      let isLast = rest.isEmpty
      let holder = directory.isEmpty ? "/" : directory
      if let refusal = refusal(
        of: holder, called: isLast ? "its directory" : holder,
        unless: isLast ? 0 : mode_t(S_ISVTX))
      {
        return refusal
      }
      let place = directory + "/" + component
      var status = stat()
      guard lstat(place, &status) == 0 else { return unseen(place) }
      guard status.st_mode & S_IFMT == S_IFLNK else {
        directory = place
        continue
      }
      if directory.hasPrefix("/proc/"), directory.hasSuffix("/fd") {
        // The process that opened the descriptor chose the file, so the way to it decides nothing.
        guard stat(place, &status) == 0 else { return unseen(place) }
        return refusal(of: status, called: "its file") ?? change(of: status, identity)
      }
      links += 1
      guard links <= mostLinks, let target = target(of: place) else { return unseen(place) }
      if let refusal = refusal(of: status, called: "the link \(place)") { return refusal }
      if target.hasPrefix("/") { directory = "" }
      rest += components(of: target)
    }
    var status = stat()
    return refusal(of: directory, called: "its file", unless: 0)
      ?? (lstat(directory, &status) == 0 ? change(of: status, identity) : unseen(directory))
  }

  private static func change(of status: stat, _ identity: FileIdentity?) -> String? {
    guard let identity, identity != FileIdentity(status) else { return nil }
    return "another file has taken its place since it was read"
  }

  /// The components of a path, the first one last.
  private static func components(of path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.reversed().map(String.init)
  }

  /// What a link has in it; nil if that cannot be read.
  private static func target(of link: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let count = readlink(link, base, buffer.count)
      guard count > 0, count < buffer.count else { return nil }
      return String(decoding: UnsafeRawBufferPointer(buffer)[..<count], as: UTF8.self)
    }
  }

  private static func refusal(
    of place: String, called name: String, unless harmless: mode_t
  ) -> String? {
    var status = stat()
    guard lstat(place, &status) == 0 else { return unseen(place) }
    if let refusal = refusal(of: status, called: name) { return refusal }
    guard status.st_mode & 0o022 != 0, status.st_mode & harmless == 0 else { return nil }
    // A directory with this bit, such as `/tmp`, is meant for all users.
    guard status.st_mode & mode_t(S_ISVTX) == 0 || status.st_mode & S_IFMT != S_IFDIR else {
      return "others may write to \(name), \(place); move it into a directory of your own"
    }
    return "others may write to \(name); chmod go-w \(place)"
  }

  private static func refusal(of status: stat, called name: String) -> String? {
    guard status.st_uid != geteuid(), status.st_uid != 0 else { return nil }
    return "\(name) belongs to user \(status.st_uid)"
  }

  /// What cannot be looked at may have been moved away, to be put back as something else.
  private static func unseen(_ place: String) -> String {
    "\(place) cannot be looked at: \(String(cString: strerror(errno)))"
  }
}
