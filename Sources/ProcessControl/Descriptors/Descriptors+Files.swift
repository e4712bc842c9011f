import Glibc
package import ProcessTreeBase

extension Descriptors {
  package enum FileUse: Hashable, Sendable {
    /// Reading; the file must exist.
    case reading
    /// Writing from the beginning; the file is truncated, or made if it is missing.
    case writing
    /// Writing at the end of the file at the time; the file is made if it is missing.
    case appending
  }

  /// Opens a file; refuses a directory with `EISDIR`.
  ///
  /// It does not wait for the other end of a named pipe: without a reader it throws `ENXIO`, and
  /// without a writer the reading end is at its end. Reads and writes block as usual.
  ///
  /// - Parameter permissions: The permissions of a new file, minus the process's mask.
  package static func openFile(
    _ path: String, for use: FileUse, permissions: UInt32 = 0o666
  ) throws(ProcessControlError) -> Descriptor {
    let flags =
      switch use {
      case .reading: O_RDONLY
      case .writing: O_WRONLY | O_CREAT | O_TRUNC
      case .appending: O_WRONLY | O_CREAT | O_APPEND
      }
    let opened = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode_t(permissions))
    guard let file = Descriptor(owning: opened) else { throw .last("open") }
    try checkIsNoDirectory(file.number)
    try setBlocking(file.number)
    return file
  }

  private static func checkIsNoDirectory(_ descriptor: Int32) throws(ProcessControlError) {
    var file = stat()
    guard fstat(descriptor, &file) == 0 else { throw .last("fstat") }
    guard file.st_mode & S_IFMT != S_IFDIR else { throw .system("open", EISDIR) }
  }

  private static func setBlocking(_ descriptor: Int32) throws(ProcessControlError) {
    let flags = fcntl(descriptor, F_GETFL, 0)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0 else {
      throw .last("fcntl")
    }
  }

  /// Writes a whole new file that only its user may read, in a directory that is made if it is
  /// missing, and waits until it is on the disk; what could not be written whole is removed.
  package static func writeNewFile(
    _ path: String, in directory: String, _ bytes: [UInt8]
  ) throws(ProcessControlError) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    var opened = open(path, flags, 0o600)
    if opened < 0, errno == ENOENT {
      if mkdir(directory, 0o700) != 0, errno != EEXIST { throw .last("mkdir \(directory)") }
      opened = open(path, flags, 0o600)
    }
    guard let file = Descriptor(owning: opened) else {
      throw .last("open \(path)")
    }
    do throws(ProcessControlError) {
      try writeAllQuietly(file.number, bytes)
      // Some file systems report only now that there was no room.
      if fsync(file.number) != 0, errno != EINVAL { throw .last("fsync \(path)") }
    } catch {
      unlink(path)
      throw error
    }
  }
}
