internal import Glibc

/// What this process holds in memory.
enum ResidentMemory {
  /// The resident size in bytes; 0 when the kernel does not say.
  static func bytes() -> Int {
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { _ = close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = read(descriptor, &buffer, buffer.count)
    guard length > 0 else { return 0 }
    return pages(in: String(decoding: buffer[..<length], as: UTF8.self)) * Int(getpagesize())
  }

  /// The second number of the kernel's line counts the resident pages.
  static func pages(in line: String) -> Int {
    line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
