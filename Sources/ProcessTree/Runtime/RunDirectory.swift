internal import Glibc
internal import ProcessControl

/// The directory of a run: the sockets of its nodes, and a lock that the root holds while it lives.
///
/// Runs of one user are beside each other in a directory that only this user may enter. A run whose
/// lock can be had is dead: its processes and files are swept when the next run starts.
struct RunDirectory {
  /// The longest path of a socket that the kernel takes, in bytes.
  private static let longestSocketPath = 107
  /// A socket's name: a pid, a dot and a letter.
  private static let longestSocketName = 13

  let path: String

  /// The directory that a run has, made or not.
  init(run: UInt32) {
    path = Self.parent + "/" + Self.name(of: run)
  }

  private static var parent: String { "\(temporaryDirectory)/process-tree-\(getuid())" }

  private static var temporaryDirectory: String {
    guard let value = getenv("TMPDIR"), value.pointee != 0 else { return "/tmp" }
    return String(cString: value)
  }

  private static func name(of run: UInt32) -> String {
    let digits = String(run, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// A place for a socket before there is a directory: of this run alone.
  static func rehearsalSocket(of identity: NodeIdentity) -> String {
    "\(temporaryDirectory)/process-tree-\(name(of: identity.run.runID))"
  }

  /// Makes the directory and takes its lock; sweeps dead runs first.
  func make() throws(ProcessTreeError) {
    guard path.utf8.count + 1 + Self.longestSocketName <= Self.longestSocketPath else {
      throw ProcessTreeError(
        .directoryUnusable,
        "The path \(path) is too long for unix sockets, which have at most "
          + "\(Self.longestSocketPath) bytes. Set TMPDIR to a shorter directory.")
    }
    try Self.makeDirectory(Self.parent)
    sweepDeadRuns()
    // Under another name until the lock is held: a run that starts at the same time must not take
    // this one for dead.
    let unfinished = Self.parent + "/." + Self.name(ofDirectory: path)
    try Self.makeDirectory(unfinished)
    // Held until the process ends; close-on-exec, and helpers close it.
    guard let lock = try? Descriptors.lockFile(unfinished + "/lock"), lock >= 0,
      rename(unfinished, path) == 0
    else { throw Self.unusable(path, errno) }
  }

  private static func name(ofDirectory path: String) -> String {
    String(path.split(separator: "/").last ?? "")
  }

  /// Makes a directory that only this user may enter, or accepts one that is so already.
  private static func makeDirectory(_ path: String) throws(ProcessTreeError) {
    guard mkdir(path, 0o700) != 0 else { return }
    guard errno == EEXIST else { throw unusable(path, errno) }
    var status = stat()
    guard lstat(path, &status) == 0 else { throw unusable(path, errno) }
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
      status.st_mode & 0o077 == 0
    else {
      throw ProcessTreeError(
        .directoryUnusable,
        "\(path) is not a directory of this user that nobody else may enter. Remove it, or set "
          + "TMPDIR to another directory.")
    }
  }

  private static func unusable(_ path: String, _ error: Int32) -> ProcessTreeError {
    ProcessTreeError(
      .directoryUnusable,
      "\(path) cannot be made: \(String(cString: strerror(error))). Set TMPDIR to a directory "
        + "that can be written to.")
  }

  /// Ends the processes of dead runs, by their tag, and removes their directories.
  private func sweepDeadRuns() {
    for name in Self.entries(of: Self.parent) {
      let directory = Self.parent + "/" + name
      if name.hasPrefix(".") {
        if Self.isAbandoned(directory) { Self.remove(directory) }
        continue
      }
      guard directory != path, let run = UInt32(name, radix: 16), name.utf8.count == 8,
        let lock = try? Descriptors.lockFile(directory + "/lock")
      else { continue }
      _ = RunSweep.killAll(run: run)
      Self.remove(directory)
      Descriptors.close(lock)
    }
  }

  /// Whether a directory was begun so long ago that nobody is going to finish it.
  private static func isAbandoned(_ directory: String) -> Bool {
    var status = stat()
    guard lstat(directory, &status) == 0 else { return false }
    return time(nil) - status.st_mtim.tv_sec > 60
  }

  /// Removes the directory and the files in it, at the end of the run.
  ///
  /// Under another name: without its lock file it would look like a dead run's while this one ends.
  func remove() {
    let ending = Self.parent + "/." + Self.name(ofDirectory: path)
    guard rename(path, ending) == 0 else { return }
    Self.remove(ending)
  }

  /// Where the node with this pid listens.
  func socket(of pid: Int32, _ kind: Character) -> String { "\(path)/\(pid).\(kind)" }

  /// Removes the sockets of a node that has gone.
  func removeSockets(of pid: Int32) {
    for kind: Character in ["c", "d", "l"] { unlink(socket(of: pid, kind)) }
  }

  /// Removes the sockets of all nodes of the run that are no more.
  ///
  /// One that died in the middle of clearing up after a child of its own has left that child's.
  func removeSocketsOfTheDead(run: UInt32) {
    for name in Self.entries(of: path) {
      guard let pid = Int32(name.prefix { $0 != "." }), RunTag.read(of: pid)?.run != run else {
        continue
      }
      unlink(path + "/" + name)
    }
  }

  private static func remove(_ directory: String) {
    for name in entries(of: directory) { unlink(directory + "/" + name) }
    rmdir(directory)
  }

  private static func entries(of directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
