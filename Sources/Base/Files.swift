internal import Glibc

/// Reads small files and directories, such as the kernel's below `/proc`.
package enum Files {
  /// Returns the bytes of a file up to a bound; `nil` if it cannot be read.
  package static func bytes(of path: String, limit: Int = 1 << 20) -> [UInt8]? {
    guard let file = Descriptor(owning: Glibc.open(path, O_RDONLY | O_CLOEXEC)) else { return nil }
    return bytes(from: file, limit: limit)
  }

  /// Returns the bytes of a file that belongs to a user, up to a bound; `nil` if it cannot be read.
  package static func bytes(of path: String, ownedBy user: UInt32, limit: Int) -> [UInt8]? {
    guard let file = try? open(path, ownedBy: user) else { return nil }
    return bytes(from: file, limit: limit)
  }

  /// A file was not opened.
  package struct Refusal: Error, CustomStringConvertible {
    /// The number of the system's error; `EPERM` for a file that is not what it has to be.
    package let code: Int32
    package let path: String

    package var description: String { "\(path): \(String(cString: strerror(code)))" }
  }

  /// Opens a file for reading that a user has made where that user may make anything: no link is
  /// followed, nothing is waited for, and only a regular file of that user is opened.
  package static func open(
    _ path: String, ownedBy user: UInt32
  ) throws(Refusal) -> Descriptor {
    let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    guard let file = Descriptor(owning: Glibc.open(path, flags)) else {
      throw Refusal(code: errno, path: path)
    }
    var status = stat()
    guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == user
    else {
      throw Refusal(code: EPERM, path: path)
    }
    return file
  }

  private static func bytes(from file: borrowing Descriptor, limit: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit, 16_384))
    while bytes.count < limit {
      let length = read(file.number, &chunk, min(chunk.count, limit - bytes.count))
      if length < 0, errno == EINTR { continue }
      // The read fails if the process has ended meanwhile.
      guard length >= 0 else { return nil }
      guard length > 0 else { break }
      bytes += chunk[..<length]
    }
    return bytes
  }

  /// Returns the text of a file; `nil` if it cannot be read.
  package static func text(of path: String) -> String? {
    bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Returns the names in a directory, without `.` and `..`; none if it cannot be read.
  package static func names(in path: String) -> [String] {
    guard let directory = Descriptor(owning: Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    else {
      return []
    }
    return names(inOpened: directory)
  }

  /// Returns the names in a directory, which is read from its beginning.
  package static func names(inOpened directory: consuming Descriptor) -> [String] {
    guard let stream = fdopendir(directory.number) else { return [] }
    // The stream owns it now.
    _ = directory.release()
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

  /// Returns the numbers among the names in a directory.
  package static func numbers(in path: String) -> [Int32] {
    names(in: path).compactMap { Int32($0) }
  }

  /// Returns where a symbolic link leads; `nil` if it is none.
  package static func link(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(PATH_MAX)) { buffer -> String? in
      guard let start = buffer.baseAddress else { return nil }
      let length = readlink(path, start, buffer.count)
      guard length > 0 else { return nil }
      return String(decoding: buffer.prefix(length), as: UTF8.self)
    }
  }
}
