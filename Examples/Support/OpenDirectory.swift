import Glibc

/// A directory while its entries are read, by one thread at a time.
final class OpenDirectory {
  /// What an entry is, links not followed.
  enum Kind {
    case directory
    case file
    /// A link, a pipe, a socket, a device: never opened.
    case other
    /// The file system does not report the kind, and asking failed.
    case unknown(SystemFailure)
  }

  struct Entry {
    let name: [UInt8]
    let kind: Kind
  }

  private let stream: OpaquePointer

  /// Takes the descriptor over.
  init(descriptor: Int32) throws(SystemFailure) {
    guard let stream = fdopendir(descriptor) else {
      let failure = SystemFailure()
      close(descriptor)
      throw failure
    }
    self.stream = stream
  }

  deinit {
    closedir(stream)
  }

  private var descriptor: Int32 { dirfd(stream) }

  /// The next entry; nil at the end.
  func next() throws(SystemFailure) -> Entry? {
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw SystemFailure() }
        return nil
      }
      // The record is shorter than its type: a copy of the whole would read beyond it.
      let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset)
        .assumingMemoryBound(to: UInt8.self)
      let bytes = Array(UnsafeBufferPointer(start: name, count: strlen(name)))
      if bytes == Self.dot || bytes == Self.dotDot { continue }
      return Entry(name: bytes, kind: kind(bytes, type: Int32(entry.pointee.d_type)))
    }
  }

  private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
  private static let dot = Array(".".utf8)
  private static let dotDot = Array("..".utf8)

  private func kind(_ name: [UInt8], type: Int32) -> Kind {
    switch type {
    case Int32(DT_DIR): return .directory
    case Int32(DT_REG): return .file
    case Int32(DT_UNKNOWN): break
    default: return .other
    }
    // Some file systems do not report it with the name.
    var status = stat()
    guard fstatat(descriptor, cString(name), &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      return .unknown(SystemFailure())
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .directory
    case S_IFREG: return .file
    default: return .other
    }
  }

  /// Opens a directory in this one.
  func openDirectory(_ name: [UInt8]) throws(SystemFailure) -> OpenDirectory {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let made = openat(descriptor, cString(name), flags)
    guard made >= 0 else { throw SystemFailure() }
    return try OpenDirectory(descriptor: made)
  }

  /// Opens a regular file in this directory for reading; nil when it is something else by now.
  func openFile(_ name: [UInt8]) throws(SystemFailure) -> Int32? {
    // Should a pipe have taken the file's place, the opening must not wait for a writer.
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    let made = openat(descriptor, cString(name), flags)
    guard made >= 0 else {
      if errno == ELOOP { return nil }
      throw SystemFailure()
    }
    var status = stat()
    guard fstat(made, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(made)
      return nil
    }
    return made
  }
}
