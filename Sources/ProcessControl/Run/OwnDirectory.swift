import Glibc
package import ProcessTreeBase
import ProcessTreeCProcessShims

/// An open directory of this user, whose entries are used without following links.
package final class OwnDirectory {
  private let own: Descriptor
  var descriptor: Int32 { own.number }

  private init(_ own: consuming Descriptor) { self.own = own }

  /// Opens a directory; throws `EPERM` if it belongs to another user.
  package convenience init(path: String) throws(ProcessControlError) {
    try self.init(Self.open(AT_FDCWD, path))
  }

  package func directory(_ name: String) throws(ProcessControlError) -> OwnDirectory {
    try OwnDirectory(Self.open(descriptor, name))
  }

  private static func open(
    _ parent: Int32, _ name: String
  ) throws(ProcessControlError) -> Descriptor {
    let opened = pt_open_own_directory(parent, name)
    guard let directory = Descriptor(owning: opened) else {
      throw .system("open \(name)", -opened)
    }
    return directory
  }

  /// Makes a directory in this one that only its user may enter; throws if it exists.
  package func makeDirectory(_ name: String) throws(ProcessControlError) {
    guard mkdirat(descriptor, name, 0o700) == 0 else { throw .last("mkdir \(name)") }
    // The umask may have removed permissions. Another run may have removed the directory already.
    guard fchmodat(descriptor, name, 0o700, 0) == 0 || errno == ENOENT else {
      throw .last("chmod \(name)")
    }
  }

  /// Whether other users have any rights to it.
  package var isOpenToOthers: Bool {
    var status = stat()
    return fstat(descriptor, &status) != 0 || status.st_mode & 0o077 != 0
  }

  /// Whether `name` in `parent` still refers to this directory.
  package func isStill(_ name: String, in parent: OwnDirectory) -> Bool {
    var mine = stat()
    var theirs = stat()
    return fstat(descriptor, &mine) == 0
      && fstatat(parent.descriptor, name, &theirs, AT_SYMLINK_NOFOLLOW) == 0
      && mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino
  }

  package var entries: [String] {
    // Listing closes its descriptor, so it needs a second one.
    let opened = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard let second = Descriptor(owning: opened) else { return [] }
    return Files.names(inOpened: second)
  }

  /// Removes all that is in it, however deep that is, and links without following them.
  package func clear() { pt_clear_directory(descriptor) }

  package func removeDirectory(_ name: String) { unlinkat(descriptor, name, AT_REMOVEDIR) }

  // MARK: Locks

  /// Locks the directory itself, which no cleaner of old files can remove; false if it is locked.
  ///
  /// The lock lasts as long as this value, or any copy of its descriptor in another process.
  package func lock() throws(ProcessControlError) -> Bool { try Self.lock(descriptor, "directory") }

  /// Makes a file in the directory and locks it; the lock lasts as long as the descriptor is open.
  package func makeLockedFile(_ name: String) throws(ProcessControlError) -> Descriptor {
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
    guard let file = Descriptor(owning: openat(descriptor, name, flags, 0o600)) else {
      throw .last("open \(name)")
    }
    _ = try Self.lock(file.number, name)
    return file
  }

  /// Whether a process holds a lock on a file in the directory; false for a missing file.
  package func isLocked(_ name: String) throws(ProcessControlError) -> Bool {
    let opened = openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard let file = Descriptor(owning: opened) else {
      // A link or a socket is not a lock file.
      guard [ENOENT, ELOOP, ENXIO].contains(errno) else { throw .last("open \(name)") }
      return false
    }
    return try !Self.lock(file.number, name)
  }

  private static func lock(_ file: Int32, _ name: String) throws(ProcessControlError) -> Bool {
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      guard errno == EWOULDBLOCK else { throw .last("flock \(name)") }
      return false
    }
    return true
  }
}
