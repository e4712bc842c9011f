import Glibc

/// Reads small files and directories of the kernel.
enum ProcFile {
  /// The bytes of a file up to a bound; `nil` if it cannot be read.
  static func bytes(of path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit, 16384))
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

  static func text(of path: String) -> String? {
    bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The numbers among a directory's entries.
  static func entries(of path: String) -> [Int32] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var numbers: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let number = Int32(name) { numbers.append(number) }
    }
    return numbers
  }
}
