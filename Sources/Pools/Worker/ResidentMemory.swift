internal import Glibc
internal import ProcessTreeBase

/// The memory of this process.
enum ResidentMemory {
  /// The resident size in bytes; 0 if it cannot be read.
  static func bytes() -> Int {
    pages(in: Files.text(of: "/proc/self/statm") ?? "") * Int(getpagesize())
  }

  /// The second number of the kernel's line counts the resident pages.
  static func pages(in line: String) -> Int {
    line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
