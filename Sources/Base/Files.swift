internal import Glibc

/// Reads small files and directories, such as the kernel's below `/proc`.
package enum Files {
  /// Returns the bytes of a file up to a bound; `nil` if it cannot be read.
  package static func bytes(of path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit, 16_384))
    while bytes.count < limit {
      let length = read(descriptor, &chunk, min(chunk.count, limit - bytes.count))
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
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    return descriptor >= 0 ? names(inOpened: descriptor) : []
  }

  /// Returns the names in a directory whose descriptor is closed with that.
  package static func names(inOpened descriptor: Int32) -> [String] {
    guard let stream = fdopendir(descriptor) else {
      close(descriptor)
      return []
    }
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
}
