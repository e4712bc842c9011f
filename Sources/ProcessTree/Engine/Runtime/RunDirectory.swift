internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeProcessControl

/// The directory of a run, with the sockets of its nodes.
///
/// Runs of one user are beside each other in a directory that only this user may enter. The root
/// decides where that is, and passes it on to all others.
struct RunDirectory {
  /// The longest path of a socket that the kernel takes, in bytes.
  private static let longestSocketPath = 107
  /// A socket's name: a pid, a dot and a letter.
  private static let longestSocketName = 13

  let path: String

  /// Where a new run has its directory.
  static func path(forNew run: UInt32) -> String {
    "\(TemporaryDirectory.path)/process-tree-\(getuid())/\(RunPlace.name(of: run))"
  }

  /// Makes the directory and takes its lock; sweeps dead runs first.
  func make(for run: UInt32) throws(ProcessTreeError) -> RunPlace {
    guard path.utf8.count + 1 + Self.longestSocketName <= Self.longestSocketPath else {
      throw ProcessTreeError(
        .directoryUnusable,
        "The path \(path) is too long for unix sockets, which have at most "
          + "\(Self.longestSocketPath) bytes. Set TMPDIR to a shorter directory.")
    }
    let parent = Self.parent(of: path)
    try TemporaryDirectory.check(Self.parent(of: parent))
    let runs = try Self.runs(at: parent)
    RunPlace.sweepDeadRuns(in: runs)
    do throws(ProcessControlError) {
      return try RunPlace.make(run: run, in: runs)
    } catch {
      throw Self.unusable(path, error.errno)
    }
  }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
  }

  /// Makes the directory that a user's runs share, or accepts one that is as it should be.
  private static func runs(at path: String) throws(ProcessTreeError) -> OwnDirectory {
    if mkdir(path, 0o700) == 0 {
      // The umask can only have taken permissions away.
      chmod(path, 0o700)
    } else if errno != EEXIST {
      throw unusable(path, errno)
    }
    do throws(ProcessControlError) {
      let runs = try OwnDirectory(path: path)
      if !runs.isOpenToOthers { return runs }
    } catch {
      guard [EPERM, ENOTDIR, ELOOP, EACCES].contains(error.errno) else {
        throw unusable(path, error.errno)
      }
    }
    throw ProcessTreeError(
      .directoryUnusable,
      "\(path) is not a directory of this user that nobody else may enter. Remove it, or set "
        + "TMPDIR to another directory.")
  }

  private static func unusable(_ path: String, _ error: Int32) -> ProcessTreeError {
    ProcessTreeError(
      .directoryUnusable,
      "\(path) cannot be made: \(String(cString: strerror(error))). Set TMPDIR to a directory "
        + "that can be written to.")
  }

  /// Where the node with this pid listens.
  func socket(of pid: Int32, _ kind: Character) -> String { "\(path)/\(pid).\(kind)" }

  /// What names the process of the gate to a host that was opened from here.
  private func gateName(of host: UInt32) -> String { "\(path)/h.\(host)" }

  /// Lets nodes find the gate to a host: the socket of a process.
  func announceGate(to host: UInt32, of pid: Int32) throws(ProcessTreeError) {
    guard symlink("\(pid)", gateName(of: host)) == 0 else { throw Self.unusable(path, errno) }
  }

  /// The process of the gate to a host; nil if the host was never open, or is over.
  func gate(to host: UInt32) -> Int32? { Files.link(gateName(of: host)).flatMap { Int32($0) } }

  /// Nobody finds the gate to a host any more.
  func removeGate(to host: UInt32) { unlink(gateName(of: host)) }

  /// The places under the limit on the tree's programs.
  var slots: String { "\(path)/slots" }

  /// The bell for nodes that wait for such a place.
  var slotBell: SlotBell { SlotBell(path: "\(path)/bell") }

  /// Where the root answers other processes of its user.
  var desk: String { Self.desk(in: path) }

  static func desk(in path: String) -> String { "\(path)/desk" }

  /// Removes the sockets of a node that has gone.
  func removeSockets(of pid: Int32) {
    for kind: Character in ["c", "l", "n", "g"] { unlink(socket(of: pid, kind)) }
  }

  /// Whether no process of the run has this pid.
  ///
  /// The root, which may carry the tag of a run around this one, lives.
  func isGone(_ pid: Int32, from run: RunIdentity) -> Bool {
    pid != run.rootPID && RunTag.read(of: pid)?.run != run.runID
  }

  /// Removes the sockets of all nodes of the run that are no more, and the names of gates there.
  ///
  /// One that died in the middle of clearing up after a child of its own has left that child's.
  func removeSocketsOfTheDead(of run: RunIdentity) {
    guard let directory = try? OwnDirectory(path: path) else { return }
    for name in directory.entries {
      let owner =
        name.hasPrefix("h.") ? Files.link(path + "/" + name) : String(name.prefix { $0 != "." })
      guard let pid = owner.flatMap({ Int32($0) }), isGone(pid, from: run) else { continue }
      unlink(path + "/" + name)
    }
  }
}
